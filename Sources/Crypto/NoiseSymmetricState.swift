import Primitives

/// The running state of a Noise handshake (specification revision 34, section 5): a hash over everything said, a chain
/// of keys, and the key and counter of the handshake's own messages.
final class NoiseSymmetricState {
    static let protocolName = "Noise_IK_25519_AESGCM_SHA256"
    private(set) var hash: [UInt8]
    private var chain: [UInt8]
    private var key: [UInt8] = []
    private var counter: UInt64 = 0

    /// Starts a handshake whose responder's static key is known beforehand.
    init(prologue: [UInt8], responder: AgreementKey) {
        let name = Array(Self.protocolName.utf8)
        hash = name + [UInt8](repeating: 0, count: SHA256.byteCount - name.count)
        chain = hash
        mix(prologue)
        mix(responder.bytes)
    }

    private init(copying other: NoiseSymmetricState) {
        hash = other.hash
        chain = other.chain
        key = other.key
        counter = other.counter
    }

    deinit {
        ConstantTime.wipe(&chain)
        ConstantTime.wipe(&key)
    }

    /// A second state that runs on by itself, so that a bad message spoils only the copy.
    func copy() -> NoiseSymmetricState { NoiseSymmetricState(copying: self) }

    /// MixHash.
    func mix(_ data: [UInt8]) { hash = SHA256.hash(hash + data).bytes }

    /// MixKey.
    func mix(_ secret: borrowing SecretKey) {
        var salt = chain
        var keys = secret.withBytes { secret in HKDF.derive(from: secret, salt: salt.span, info: [], count: 64) }
        ConstantTime.wipe(&salt)
        ConstantTime.wipe(&chain)
        ConstantTime.wipe(&key)
        chain = Array(keys[..<32])
        key = Array(keys[32...])
        counter = 0
        ConstantTime.wipe(&keys)
    }

    /// EncryptAndHash.
    func encrypt(_ plaintext: [UInt8]) throws(CryptoError) -> [UInt8] {
        let sealed = try AEAD(.aes256GCM, key: key).seal(
            plaintext, nonce: Nonce(counter: counter), authenticating: hash)
        counter += 1
        mix(sealed)
        return sealed
    }

    /// DecryptAndHash.
    func decrypt(_ sealed: [UInt8]) throws(CryptoError) -> [UInt8] {
        let plaintext = try AEAD(.aes256GCM, key: key).open(
            sealed, nonce: Nonce(counter: counter), authenticating: hash)
        counter += 1
        mix(sealed)
        return plaintext
    }

    /// Split: the transport of one end.
    func transport(isInitiator: Bool) throws(CryptoError) -> NoiseTransport {
        var keys = HKDF.derive(from: [], salt: chain, info: [], count: 64)
        defer { ConstantTime.wipe(&keys) }
        let first = try AEAD(.aes256GCM, key: keys.span.extracting(0..<32))
        let second = try AEAD(.aes256GCM, key: keys.span.extracting(32..<64))
        guard let digest = Digest(hash) else { preconditionFailure("a hash of another length") }
        return NoiseTransport(
            sealing: isInitiator ? first : second, opening: isInitiator ? second : first, handshakeHash: digest)
    }
}
