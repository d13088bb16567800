internal import CSodium
package import Primitives

/// An X25519 key pair (RFC 7748); the secret half lies in locked memory until the last reference goes.
package final class AgreementSecret: Sendable {
    package let publicKey: AgreementKey
    private let secret: SecretKey

    /// Takes a secret over.
    package init(_ secret: consuming SecretKey) {
        Sodium.start()
        var bytes = [UInt8](repeating: 0, count: SecretKey.byteCount)
        secret.withBytes { secret in
            unsafe secret.withUnsafeBufferPointer { secret in
                guard let start = secret.baseAddress else { return }
                _ = unsafe crypto_scalarmult_base(&bytes, start)
            }
        }
        guard let key = AgreementKey(bytes.span) else { preconditionFailure("a key of another length") }
        publicKey = key
        self.secret = secret
    }

    /// The key pair of these 32 bytes; wiping the source is up to its owner.
    /// - Throws: `CryptoError.badLength` for any other count.
    package convenience init(secret: [UInt8]) throws(CryptoError) {
        self.init(try SecretKey(copying: secret.span))
    }

    /// A new key pair.
    package static func generate() -> AgreementSecret { AgreementSecret(SecretKey()) }

    /// The 32 bytes that both holders compute. Never a key by itself: derive one from it.
    /// - Throws: `CryptoError.badPoint` when the peer's key is of small order, so that all of its holders would agree.
    package func sharedSecret(with peer: AgreementKey) throws(CryptoError) -> SecretKey {
        let point = peer.bytes
        var isAgreed = false
        let shared = unsafe LockedMemory(byteCount: SecretKey.byteCount) { output in
            secret.withBytes { secret in
                unsafe secret.withUnsafeBufferPointer { secret in
                    guard let start = secret.baseAddress else { return }
                    isAgreed = unsafe crypto_scalarmult(output, start, point) == 0
                }
            }
        }
        guard isAgreed else { throw .badPoint }
        return SecretKey(memory: shared)
    }

    /// Lends the 32-byte secret, for a key file.
    package func withSecret<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try secret.withBytes(body)
    }
}
