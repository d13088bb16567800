internal import COpenSSL

/// AES-256-CTR under one key: a keystream that is mixed into bytes at any place, for the outer layer of recordings.
///
/// The 16-byte counter block is a stream number (u64, big-endian), then a block counter (u64, big-endian), so each
/// stream number has a keystream of its own. There is no integrity: what lies beneath is addressed by its hash.
package final class AESCTR {
    package static let blockByteCount = 16
    private nonisolated(unsafe) static let fetched = unsafe CipherContext.fetch("AES-256-CTR")
    private let context: CipherContext

    /// - Throws: `CryptoError.badLength` unless the key has 32 bytes.
    package init(key: Span<UInt8>) throws(CryptoError) {
        context = try unsafe CipherContext(Self.fetched, key: key, encrypts: true)
    }

    /// - Throws: `CryptoError.badLength` unless the key has 32 bytes.
    package convenience init(key: [UInt8]) throws(CryptoError) { try self.init(key: key.span) }

    /// Encrypts, or decrypts, `bytes` where they lie, as the part of `stream` that begins `offset` bytes in.
    /// - Throws: `CryptoError.limitExceeded` above 1 GiB at once.
    package func apply(to bytes: inout [UInt8], stream: UInt64, offset: UInt64 = 0) throws(CryptoError) {
        let width = UInt64(Self.blockByteCount)
        try apply(to: &bytes, stream: stream, block: offset / width, skipping: Int(offset % width))
    }

    /// The same, with the place as a block and the bytes to leave out at its beginning (0 through 15).
    /// - Throws: `CryptoError.limitExceeded` above 1 GiB at once, or where the block counter would run over into the
    ///   stream number.
    package func apply(
        to bytes: inout [UInt8], stream: UInt64, block: UInt64, skipping skipped: Int = 0
    ) throws(CryptoError) {
        let count = bytes.count
        guard (0..<Self.blockByteCount).contains(skipped), count <= CipherContext.byteCountMax,
            case let blockCount = UInt64((skipped + count + Self.blockByteCount - 1) / Self.blockByteCount),
            block <= UInt64.max - blockCount
        else { throw .limitExceeded }
        var counter = (stream.bigEndian, block.bigEndian)
        unsafe withUnsafeBytes(of: &counter) { counter in
            guard let start = counter.baseAddress else { return }
            unsafe context.start(nonce: start.assumingMemoryBound(to: UInt8.self))
        }
        var unused: (UInt64, UInt64) = (0, 0)
        unsafe withUnsafeMutableBytes(of: &unused) { unused in
            guard let start = unsafe unused.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
            unsafe context.process(start, count: skipped, into: start)
        }
        unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            if let start = buffer.baseAddress { unsafe context.process(start, count: count, into: start) }
        }
    }
}
