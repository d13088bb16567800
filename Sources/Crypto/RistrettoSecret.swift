internal import CSodium
package import Primitives

/// A secret scalar other than zero, in locked memory that is wiped. Moves, never copies.
package struct RistrettoSecret: ~Copyable, Sendable {
    private let memory: LockedMemory

    /// Draws one, uniformly.
    package init() {
        memory = unsafe LockedMemory(byteCount: RistrettoScalar.byteCount) { memory in
            unsafe crypto_core_ristretto255_scalar_random(memory)
        }
    }

    /// Copies 32 bytes; wiping the source is up to its owner.
    /// - Throws: `RistrettoError.invalidScalar` for zero and for what is not below L.
    package init(copying bytes: Span<UInt8>) throws(RistrettoError) {
        guard bytes.count == RistrettoScalar.byteCount else { throw .invalidScalar }
        let memory = LockedMemory(copying: bytes)
        let isCanonical = unsafe memory.withPointer { unsafe Self.isCanonicalAndNotZero($0) }
        guard isCanonical else { throw .invalidScalar }
        self.memory = memory
    }

    private init(_ memory: consuming LockedMemory) { self.memory = memory }

    /// The secret times the generator: its public key.
    package borrowing func publicElement() -> GroupElement {
        let element = unsafe memory.withPointer { secret in
            try? unsafe GroupElement.result { unsafe crypto_scalarmult_ristretto255_base($0, secret) }
        }
        guard let element else { preconditionFailure("a secret is not zero, so its public element is no identity") }
        return element
    }

    /// The secret times `element`.
    /// - Throws: `RistrettoError.invalidElement` when that is no canonical element, or is the identity.
    package borrowing func multiply(_ element: GroupElement) throws(RistrettoError) -> GroupElement {
        let bytes = try element.checkedBytes()
        return try unsafe memory.withPointer { secret throws(RistrettoError) in
            try unsafe GroupElement.result { unsafe crypto_scalarmult_ristretto255($0, secret, bytes) }
        }
    }

    /// 1 / secret.
    borrowing func inverted() -> RistrettoSecret {
        RistrettoSecret(
            unsafe LockedMemory(byteCount: RistrettoScalar.byteCount) { output in
                let status = unsafe memory.withPointer { unsafe crypto_core_ristretto255_scalar_invert(output, $0) }
                guard status == 0 else { preconditionFailure("a secret is not zero, so it has an inverse") }
            })
    }

    /// The response of a proof of knowledge: `nonce` − `challenge` · secret. Public, since the nonce hides the secret.
    borrowing func response(
        to challenge: RistrettoScalar, nonce: borrowing RistrettoSecret
    ) -> RistrettoScalar {
        let product = unsafe LockedMemory(byteCount: RistrettoScalar.byteCount) { output in
            unsafe memory.withPointer { unsafe crypto_core_ristretto255_scalar_mul(output, $0, challenge.bytes) }
        }
        var response = [UInt8](repeating: 0, count: RistrettoScalar.byteCount)
        unsafe product.withPointer { product in
            unsafe nonce.memory.withPointer { unsafe crypto_core_ristretto255_scalar_sub(&response, $0, product) }
        }
        guard let scalar = RistrettoScalar(response) else { preconditionFailure("libsodium reduces what it computes") }
        return scalar
    }

    /// `sum` + `weight` · secret; without a sum, the product. May be zero, so it is no secret of this type yet.
    borrowing func adding(to sum: consuming LockedMemory?, times weight: RistrettoScalar) -> LockedMemory {
        let product = unsafe LockedMemory(byteCount: RistrettoScalar.byteCount) { output in
            unsafe memory.withPointer { unsafe crypto_core_ristretto255_scalar_mul(output, $0, weight.bytes) }
        }
        guard let sum else { return product }
        return unsafe LockedMemory(byteCount: RistrettoScalar.byteCount) { output in
            unsafe product.withPointer { product in
                unsafe sum.withPointer { unsafe crypto_core_ristretto255_scalar_add(output, $0, product) }
            }
        }
    }

    /// Lends the 32 bytes, little-endian, for sealing or for a key file.
    package borrowing func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try memory.withBytes(body)
    }

    /// Whether the 32 bytes at `scalar` are a number from 1 through L − 1.
    private static func isCanonicalAndNotZero(_ scalar: UnsafePointer<UInt8>) -> Bool {
        let wide = unsafe LockedMemory(byteCount: 64) { output in
            for index in 0..<64 { unsafe output[index] = index < 32 ? scalar[index] : 0 }
        }
        let reduced = unsafe LockedMemory(byteCount: RistrettoScalar.byteCount) { output in
            unsafe wide.withPointer { unsafe crypto_core_ristretto255_scalar_reduce(output, $0) }
        }
        return unsafe reduced.withPointer { reduced in
            unsafe sodium_memcmp(reduced, scalar, 32) == 0 && sodium_is_zero(reduced, 32) == 0
        }
    }
}
