extension HKDF {
    /// A key as long as the hash, from a secret that need not be uniform.
    package static func extract(
        _ secret: [UInt8], salt: [UInt8] = [], using algorithm: DigestAlgorithm = .sha256
    ) -> [UInt8] {
        extract(secret.span, salt: salt.span, using: algorithm)
    }

    /// `count` bytes that belong to `info`.
    package static func expand(
        _ key: [UInt8], info: [UInt8], count: Int, using algorithm: DigestAlgorithm = .sha256
    ) -> [UInt8] {
        expand(key.span, info: info, count: count, using: algorithm)
    }

    /// Extract, then expand.
    package static func derive(
        from secret: [UInt8], salt: [UInt8] = [], info: [UInt8], count: Int,
        using algorithm: DigestAlgorithm = .sha256
    ) -> [UInt8] {
        derive(from: secret.span, salt: salt.span, info: info, count: count, using: algorithm)
    }

    /// A 32-byte secret that belongs to `info`.
    package static func deriveKey(
        from secret: [UInt8], salt: [UInt8] = [], info: [UInt8], using algorithm: DigestAlgorithm = .sha256
    ) -> SecretKey {
        deriveKey(from: secret.span, salt: salt.span, info: info, using: algorithm)
    }
}
