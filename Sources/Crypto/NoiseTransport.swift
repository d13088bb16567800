package import Primitives

/// One end of a finished Noise handshake over datagrams, which may be lost, repeated or reordered.
///
/// A sealed datagram is its counter (u64, big-endian, 8 bytes), the ciphertext and the tag (16 bytes). Each direction
/// has its key and counts from zero. Not `Sendable`.
package final class NoiseTransport {
    /// What sealing adds in bytes.
    package static let overheadByteCount = 24
    /// Datagrams under one key; after that a new handshake is due. Far below any bound of AES-GCM.
    package static let datagramCountMax: UInt64 = 1 << 32

    /// Hash over the whole handshake, equal on both ends: what a signature binds to this session.
    package let handshakeHash: Digest
    private let sealing: AEAD
    private let opening: AEAD
    private var sentCount: UInt64 = 0
    private var window = ReplayWindow()

    init(sealing: AEAD, opening: AEAD, handshakeHash: Digest) {
        self.sealing = sealing
        self.opening = opening
        self.handshakeHash = handshakeHash
    }

    /// Appends a sealed datagram to `output`; `data` is authenticated and not sent.
    /// - Throws: `CryptoError.limitExceeded` when a new handshake is due.
    package func seal(
        _ plaintext: Span<UInt8>, authenticating data: Span<UInt8> = Span(), appendingTo output: inout [UInt8]
    ) throws(CryptoError) {
        guard sentCount < Self.datagramCountMax else { throw .limitExceeded }
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            output.append(UInt8(truncatingIfNeeded: sentCount >> shift))
        }
        try sealing.seal(
            plaintext, nonce: Nonce(counter: sentCount), authenticating: data, Span(), appendingTo: &output)
        sentCount += 1
    }

    /// A sealed datagram; `data` is authenticated and not sent.
    /// - Throws: `CryptoError.limitExceeded` when a new handshake is due.
    package func seal(_ plaintext: [UInt8], authenticating data: [UInt8] = []) throws(CryptoError) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(plaintext.count + Self.overheadByteCount)
        try seal(plaintext.span, authenticating: data.span, appendingTo: &output)
        return output
    }

    /// Opens a sealed datagram, once.
    /// - Throws: `CryptoError.malformed`, `.replayed` for a counter seen before or too old, `.authenticationFailed`.
    package func open(
        _ datagram: Span<UInt8>, authenticating data: Span<UInt8> = Span()
    ) throws(CryptoError) -> [UInt8] {
        guard datagram.count >= Self.overheadByteCount else { throw .malformed }
        var counter: UInt64 = 0
        for index in 0..<8 { counter = counter << 8 | UInt64(datagram[index]) }
        guard counter < Self.datagramCountMax else { throw .malformed }
        guard window.isFresh(counter) else { throw .replayed }
        let plaintext = try opening.open(
            datagram.extracting(8..<datagram.count), nonce: Nonce(counter: counter), authenticating: data)
        window.mark(counter)
        return plaintext
    }

    /// Opens a sealed datagram, once.
    /// - Throws: `CryptoError.malformed`, `.replayed` for a counter seen before or too old, `.authenticationFailed`.
    package func open(_ datagram: [UInt8], authenticating data: [UInt8] = []) throws(CryptoError) -> [UInt8] {
        try open(datagram.span, authenticating: data.span)
    }
}
