package import Primitives

/// Sealing to a key: HPKE (RFC 9180) with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM.
///
/// A sealed value is the encapsulated key (32 bytes), the ciphertext and its tag (16 bytes). `info` names the use and
/// whatever both sides know; it is bound to the key, as `data` is to the one message. With a sender the mode is Auth:
/// only the holder of that key, or of the receiver's, could have sealed it. Whoever steals the receiver's key reads
/// everything that was sealed to it.
package enum HPKE {
    /// What sealing adds in bytes.
    package static let overheadByteCount = 48

    /// Seals to `receiver`.
    /// - Throws: `CryptoError.badPoint` when the receiver's key is of small order, `.limitExceeded` above 1 GiB.
    package static func seal(
        _ plaintext: [UInt8], to receiver: AgreementKey, info: [UInt8], authenticating data: [UInt8] = [],
        from sender: AgreementSecret? = nil, suite: CipherSuite = .aes256GCM
    ) throws(CryptoError) -> [UInt8] {
        let (encapsulated, context) = try HPKEContext.sender(to: receiver, info: info, from: sender, suite: suite)
        return encapsulated.bytes + (try context.seal(plaintext, authenticating: data))
    }

    /// Opens what was sealed to `receiver`, with `sender` when its seal must come from one.
    /// - Throws: `CryptoError.authenticationFailed`, also for bytes that are too few, and `.badPoint`.
    package static func open(
        _ sealed: [UInt8], with receiver: AgreementSecret, info: [UInt8], authenticating data: [UInt8] = [],
        from sender: AgreementKey? = nil, suite: CipherSuite = .aes256GCM
    ) throws(CryptoError) -> [UInt8] {
        guard sealed.count >= overheadByteCount, let encapsulated = AgreementKey(sealed[..<32]) else {
            throw .authenticationFailed
        }
        let context = try HPKEContext.receiver(encapsulated, with: receiver, info: info, from: sender, suite: suite)
        return try context.open(Array(sealed[32...]), authenticating: data)
    }
}
