internal import CSodium
package import Primitives

/// An Ed25519 key pair (RFC 8032); the secret half lies in locked memory until the last reference goes.
package final class SigningKey: Signing {
    package static let seedByteCount = 32
    package let publicKey: PublicKey
    /// libsodium's form: seed, then public key.
    private let memory: LockedMemory

    /// The key pair that grows from these 32 bytes; wiping the source is up to its owner.
    /// - Throws: `CryptoError.badLength` for any other count.
    package convenience init(seed: [UInt8]) throws(CryptoError) { try self.init(seed: seed.span) }

    /// The key pair that grows from these 32 bytes.
    /// - Throws: `CryptoError.badLength` for any other count.
    package init(seed: Span<UInt8>) throws(CryptoError) {
        guard seed.count == Self.seedByteCount else { throw .badLength }
        var key = PublicKey.zero
        memory = Self.expand(seed, publicKey: &key)
        publicKey = key
    }

    /// The key pair that grows from a secret.
    package init(seed: borrowing SecretKey) {
        var key = PublicKey.zero
        memory = seed.withBytes { bytes in Self.expand(bytes, publicKey: &key) }
        publicKey = key
    }

    /// A new key pair.
    package static func generate() -> SigningKey { SigningKey(seed: SecretKey()) }

    package func signature(over preimage: [UInt8]) -> Signature {
        var bytes = [UInt8](repeating: 0, count: Signature.byteCount)
        let result = unsafe memory.withPointer { secret in
            unsafe crypto_sign_detached(&bytes, nil, preimage, UInt64(preimage.count), secret)
        }
        guard result == 0, let signature = Signature(bytes) else { preconditionFailure("signing cannot fail") }
        return signature
    }

    /// Lends the 32-byte seed, for a key file or a certificate.
    package func withSeed<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try memory.withBytes { bytes throws(E) in try body(bytes.extracting(0..<Self.seedByteCount)) }
    }

    private static func expand(_ seed: Span<UInt8>, publicKey: inout PublicKey) -> LockedMemory {
        var publicBytes = [UInt8](repeating: 0, count: PublicKey.zero.bytes.count)
        let memory = unsafe LockedMemory(byteCount: Int(crypto_sign_SECRETKEYBYTES)) { memory in
            unsafe seed.withUnsafeBufferPointer { seed in
                guard let start = seed.baseAddress else { return }
                _ = unsafe crypto_sign_seed_keypair(&publicBytes, memory, start)
            }
        }
        guard let key = PublicKey(publicBytes.span) else { preconditionFailure("a key of another length") }
        publicKey = key
        return memory
    }
}
