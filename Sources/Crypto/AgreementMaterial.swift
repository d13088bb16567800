import Primitives

/// Shared secrets one after the other, to derive keys from all of them; wiped when the last reference goes.
final class AgreementMaterial {
    /// Secrets that fit without the array moving, which would leave a copy behind.
    private static let secretsMax = 8
    private var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(Self.secretsMax * SecretKey.byteCount) }

    deinit { ConstantTime.wipe(&bytes) }

    /// Adds X25519(own, peer).
    func add(_ own: AgreementSecret, _ peer: AgreementKey) throws(CryptoError) {
        guard bytes.count < Self.secretsMax * SecretKey.byteCount else { throw .limitExceeded }
        let shared = try own.sharedSecret(with: peer)
        shared.withBytes { span in
            for index in span.indices { bytes.append(span[index]) }
        }
    }

    /// A key that belongs to all secrets added, to `salt` and to `info`.
    func key(salt: [UInt8], info: String) -> SecretKey {
        HKDF.deriveKey(from: bytes, salt: salt, info: Array(info.utf8))
    }
}
