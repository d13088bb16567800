package import Primitives

/// One HPKE encapsulation in use (RFC 9180 sections 4, 5.1 and 5.2): messages in order, and exported secrets.
///
/// For a single message use ``HPKE``. Not `Sendable`: the sequence number is its state.
package final class HPKEContext {
    private static let version = Array("HPKE-v1".utf8)
    /// DHKEM(X25519, HKDF-SHA256).
    private static let kemID: [UInt8] = [0x00, 0x20]
    /// HKDF-SHA256.
    private static let kdfID: [UInt8] = [0x00, 0x01]
    private static let kemSuite = Array("KEM".utf8) + kemID

    private let cipher: AEAD
    private let baseNonce: Nonce
    private let exporter: [UInt8]
    private let suite: [UInt8]
    private var sequence: UInt64 = 0

    /// The sender's end and the key that the receiver needs for its own. The ephemeral is given only by vectors.
    /// - Throws: `CryptoError.badPoint`.
    package static func sender(
        to receiver: AgreementKey, info: [UInt8], from sender: AgreementSecret? = nil, suite: CipherSuite = .aes256GCM,
        ephemeral: AgreementSecret = .generate()
    ) throws(CryptoError) -> (encapsulated: AgreementKey, context: HPKEContext) {
        var agreed = try ephemeral.sharedSecret(with: receiver).copiedBytes
        if let sender { agreed += try sender.sharedSecret(with: receiver).copiedBytes }
        defer { ConstantTime.wipe(&agreed) }
        let context = try HPKEContext(
            agreed: agreed, keys: (ephemeral.publicKey, receiver, sender?.publicKey), info: info, suite: suite)
        return (ephemeral.publicKey, context)
    }

    /// The receiver's end.
    /// - Throws: `CryptoError.badPoint`.
    package static func receiver(
        _ encapsulated: AgreementKey, with receiver: AgreementSecret, info: [UInt8], from sender: AgreementKey? = nil,
        suite: CipherSuite = .aes256GCM
    ) throws(CryptoError) -> HPKEContext {
        var agreed = try receiver.sharedSecret(with: encapsulated).copiedBytes
        if let sender { agreed += try receiver.sharedSecret(with: sender).copiedBytes }
        defer { ConstantTime.wipe(&agreed) }
        return try HPKEContext(
            agreed: agreed, keys: (encapsulated, receiver.publicKey, sender), info: info, suite: suite)
    }

    private init(
        agreed: [UInt8], keys: (encapsulated: AgreementKey, receiver: AgreementKey, sender: AgreementKey?),
        info: [UInt8], suite cipherSuite: CipherSuite
    ) throws(CryptoError) {
        let kemContext = keys.encapsulated.bytes + keys.receiver.bytes + (keys.sender?.bytes ?? [])
        let mixed = Self.extract(agreed, label: "eae_prk", suite: Self.kemSuite)
        let shared = Self.expand(mixed, label: "shared_secret", info: kemContext, count: 32, suite: Self.kemSuite)

        suite = Array("HPKE".utf8) + Self.kemID + Self.kdfID + [0x00, cipherSuite == .aes128GCM ? 0x01 : 0x02]
        let mode: UInt8 = keys.sender == nil ? 0x00 : 0x02
        let schedule =
            [mode] + Self.extract([], label: "psk_id_hash", suite: suite)
            + Self.extract(info, label: "info_hash", suite: suite)
        let secret = Self.extract([], salt: shared, label: "secret", suite: suite)
        var key = Self.expand(secret, label: "key", info: schedule, count: cipherSuite.keyByteCount, suite: suite)
        defer { ConstantTime.wipe(&key) }
        cipher = try AEAD(cipherSuite, key: key.span)
        let nonce = Nonce(
            Self.expand(secret, label: "base_nonce", info: schedule, count: Nonce.byteCount, suite: suite))
        guard let nonce else { preconditionFailure("a nonce of another length") }
        baseNonce = nonce
        exporter = Self.expand(secret, label: "exp", info: schedule, count: 32, suite: suite)
    }

    /// Seals the next message.
    /// - Throws: `CryptoError.limitExceeded` above 1 GiB.
    package func seal(_ plaintext: [UInt8], authenticating data: [UInt8] = []) throws(CryptoError) -> [UInt8] {
        let sealed = try cipher.seal(plaintext, nonce: baseNonce.mixing(sequence), authenticating: data)
        sequence += 1
        return sealed
    }

    /// Opens the next message; one that does not open is not counted.
    /// - Throws: `CryptoError.authenticationFailed`.
    package func open(_ sealed: [UInt8], authenticating data: [UInt8] = []) throws(CryptoError) -> [UInt8] {
        let plaintext = try cipher.open(sealed, nonce: baseNonce.mixing(sequence), authenticating: data)
        sequence += 1
        return plaintext
    }

    /// A secret of `count` bytes that both ends have under this name.
    package func export(_ name: [UInt8], count: Int) -> [UInt8] {
        Self.expand(exporter, label: "sec", info: name, count: count, suite: suite)
    }

    private static func extract(_ secret: [UInt8], salt: [UInt8] = [], label: String, suite: [UInt8]) -> [UInt8] {
        var labelled = version + suite + Array(label.utf8) + secret
        defer { ConstantTime.wipe(&labelled) }
        return HKDF.extract(labelled, salt: salt)
    }

    private static func expand(
        _ key: [UInt8], label: String, info: [UInt8], count: Int, suite: [UInt8]
    ) -> [UInt8] {
        let length = [UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
        return HKDF.expand(key, info: length + version + suite + Array(label.utf8) + info, count: count)
    }
}
