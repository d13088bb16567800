extension AEAD {
    /// - Throws: `CryptoError.badLength` when the key does not fit the suite.
    package convenience init(_ suite: CipherSuite, key: [UInt8]) throws(CryptoError) {
        try self.init(suite, key: key.span)
    }

    /// Ciphertext and tag.
    /// - Throws: `CryptoError.limitExceeded` above 1 GiB.
    package func seal(
        _ plaintext: [UInt8], nonce: Nonce, authenticating data: [UInt8] = []
    ) throws(CryptoError) -> [UInt8] {
        try seal(plaintext.span, nonce: nonce, authenticating: data.span)
    }

    /// The plaintext.
    /// - Throws: `CryptoError.authenticationFailed`; nothing of the contents is given then.
    package func open(
        _ sealed: [UInt8], nonce: Nonce, authenticating data: [UInt8] = []
    ) throws(CryptoError) -> [UInt8] {
        try open(sealed.span, nonce: nonce, authenticating: data.span)
    }
}
