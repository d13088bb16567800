internal import CSodium

/// AES-GCM under one key (NIST SP 800-38D), for many messages: the key schedule is computed once.
///
/// Not `Sendable`; whoever holds it seals one message at a time. A nonce must never come twice.
package final class AEAD {
    package static let tagByteCount = 16
    private let sealing: CipherContext
    private let opening: CipherContext

    /// - Throws: `CryptoError.badLength` when the key does not fit the suite.
    package init(_ suite: CipherSuite, key: Span<UInt8>) throws(CryptoError) {
        sealing = try unsafe CipherContext(suite.handle, key: key, encrypts: true)
        opening = try unsafe CipherContext(suite.handle, key: key, encrypts: false)
    }

    /// AES-256-GCM under a secret.
    package convenience init(key: borrowing SecretKey) {
        let made: (CipherContext, CipherContext)? = key.withBytes { bytes in
            guard let sealing = try? unsafe CipherContext(CipherSuite.aes256GCM.handle, key: bytes, encrypts: true),
                let opening = try? unsafe CipherContext(CipherSuite.aes256GCM.handle, key: bytes, encrypts: false)
            else { return nil }
            return (sealing, opening)
        }
        guard let made else { preconditionFailure("a secret of another length") }
        self.init(sealing: made.0, opening: made.1)
    }

    private init(sealing: CipherContext, opening: CipherContext) {
        self.sealing = sealing
        self.opening = opening
    }

    /// Ciphertext and tag.
    /// - Throws: `CryptoError.limitExceeded` above 1 GiB.
    package func seal(
        _ plaintext: Span<UInt8>, nonce: Nonce, authenticating data: Span<UInt8> = Span()
    ) throws(CryptoError) -> [UInt8] {
        var output: [UInt8] = []
        try seal(plaintext, nonce: nonce, authenticating: data, appendingTo: &output)
        return output
    }

    /// Appends ciphertext and tag to `output`. `data`, then `more`, are authenticated with them.
    /// - Throws: `CryptoError.limitExceeded` above 1 GiB.
    package func seal(
        _ plaintext: Span<UInt8>, nonce: Nonce, authenticating data: Span<UInt8>, _ more: Span<UInt8> = Span(),
        appendingTo output: inout [UInt8]
    ) throws(CryptoError) {
        let count = plaintext.count
        guard max(count, data.count, more.count) <= CipherContext.byteCountMax else { throw .limitExceeded }
        unsafe nonce.withPointer { nonce in unsafe sealing.start(nonce: nonce) }
        sealing.authenticate(data)
        sealing.authenticate(more)
        output.append(addingCapacity: count + Self.tagByteCount) { space in
            unsafe space.withUnsafeMutableBufferPointer { space, filled in
                guard let body = space.baseAddress else { return }
                unsafe plaintext.withUnsafeBufferPointer { input in
                    if let input = input.baseAddress { unsafe sealing.process(input, count: count, into: body) }
                }
                unsafe sealing.finish(tag: body.advanced(by: count))
                filled = count + Self.tagByteCount
            }
        }
    }

    /// Encrypts `buffer[offset...]` where it lies and appends the tag; what stands before is not touched.
    /// - Throws: `CryptoError.limitExceeded` above 1 GiB or for an offset beyond the end.
    package func sealInPlace(
        _ buffer: inout [UInt8], from offset: Int = 0, nonce: Nonce, authenticating data: Span<UInt8> = Span()
    ) throws(CryptoError) {
        let count = buffer.count - offset
        guard offset >= 0, count >= 0, max(count, data.count) <= CipherContext.byteCountMax else {
            throw .limitExceeded
        }
        unsafe nonce.withPointer { nonce in unsafe sealing.start(nonce: nonce) }
        sealing.authenticate(data)
        buffer.append(contentsOf: repeatElement(0, count: Self.tagByteCount))
        unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            guard let body = unsafe buffer.baseAddress?.advanced(by: offset) else { return }
            unsafe sealing.process(body, count: count, into: body)
            unsafe sealing.finish(tag: body.advanced(by: count))
        }
    }

    /// The plaintext.
    /// - Throws: `CryptoError.authenticationFailed`; nothing of the contents is given then.
    package func open(
        _ sealed: Span<UInt8>, nonce: Nonce, authenticating data: Span<UInt8> = Span()
    ) throws(CryptoError) -> [UInt8] {
        var output: [UInt8] = []
        try open(sealed, nonce: nonce, authenticating: data, appendingTo: &output)
        return output
    }

    /// Appends the plaintext to `output`, which keeps its length when the tag does not fit.
    /// - Throws: `CryptoError.authenticationFailed`.
    package func open(
        _ sealed: Span<UInt8>, nonce: Nonce, authenticating data: Span<UInt8>, _ more: Span<UInt8> = Span(),
        appendingTo output: inout [UInt8]
    ) throws(CryptoError) {
        let count = sealed.count - Self.tagByteCount
        guard count >= 0, max(count, data.count, more.count) <= CipherContext.byteCountMax else {
            throw .authenticationFailed
        }
        unsafe nonce.withPointer { nonce in unsafe opening.start(nonce: nonce) }
        opening.authenticate(data)
        opening.authenticate(more)
        var isAuthentic = false
        output.append(addingCapacity: max(count, 1)) { space in
            unsafe space.withUnsafeMutableBufferPointer { space, filled in
                unsafe sealed.withUnsafeBufferPointer { input in
                    guard let body = space.baseAddress, let input = input.baseAddress else { return }
                    unsafe opening.process(input, count: count, into: body)
                    isAuthentic = unsafe opening.isAuthentic(tag: input.advanced(by: count))
                    if isAuthentic { filled = count } else { unsafe sodium_memzero(body, count) }
                }
            }
        }
        guard isAuthentic else { throw .authenticationFailed }
    }
}
