/// Key derivation from a secret of any form (RFC 5869): extract concentrates it, expand draws keys from it by name.
package enum HKDF {
    /// A key as long as the hash, from a secret that need not be uniform.
    package static func extract(
        _ secret: Span<UInt8>, salt: Span<UInt8> = Span(), using algorithm: DigestAlgorithm = .sha256
    ) -> [UInt8] {
        HMAC.code(of: secret, key: salt, using: algorithm)
    }

    /// `count` bytes that belong to `info`; at most 255 times the hash's length, which only a constant decides.
    package static func expand(
        _ key: Span<UInt8>, info: [UInt8], count: Int, using algorithm: DigestAlgorithm = .sha256
    ) -> [UInt8] {
        precondition(count >= 0 && count <= 255 * algorithm.byteCount, "HKDF gives no \(count) bytes")
        var output: [UInt8] = []
        output.reserveCapacity(count + algorithm.byteCount)
        var block: [UInt8] = []
        var index: UInt8 = 1
        while output.count < count {
            block = HMAC.code(of: block.span, (info + [index]).span, key: key, using: algorithm)
            output.append(contentsOf: block)
            index &+= 1
        }
        output.removeLast(output.count - count)
        return output
    }

    /// Extract, then expand.
    package static func derive(
        from secret: Span<UInt8>, salt: Span<UInt8> = Span(), info: [UInt8], count: Int,
        using algorithm: DigestAlgorithm = .sha256
    ) -> [UInt8] {
        expand(extract(secret, salt: salt, using: algorithm).span, info: info, count: count, using: algorithm)
    }

    /// A 32-byte secret that belongs to `info`.
    package static func deriveKey(
        from secret: Span<UInt8>, salt: Span<UInt8> = Span(), info: [UInt8], using algorithm: DigestAlgorithm = .sha256
    ) -> SecretKey {
        var bytes = derive(from: secret, salt: salt, info: info, count: SecretKey.byteCount, using: algorithm)
        let key = SecretKey(memory: LockedMemory(copying: bytes.span))
        ConstantTime.wipe(&bytes)
        return key
    }
}
