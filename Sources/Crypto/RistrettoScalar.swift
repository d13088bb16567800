internal import CSodium
internal import Primitives

/// A number modulo the group order L = 2^252 + 27742317777372353535851937790883648493 that everybody may see: a proof's
/// parts, a Lagrange coefficient. Canonical by construction. Secrets are `RistrettoSecret`.
package struct RistrettoScalar: Hashable, Sendable {
    package static let byteCount = 32
    package static let zero = RistrettoScalar(trusted: [UInt8](repeating: 0, count: byteCount))

    /// 32 bytes, little-endian, below L.
    package let bytes: [UInt8]

    private init(trusted bytes: [UInt8]) { self.bytes = bytes }

    /// Nil unless these are the 32 bytes of a number below L.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, Self(reducing: bytes + [UInt8](repeating: 0, count: 32)).bytes == bytes
        else { return nil }
        self.bytes = bytes
    }

    /// A small number.
    package init(_ value: UInt64) {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
        self.bytes = bytes
    }

    /// The 64-byte little-endian number modulo L.
    package init(reducing wide: [UInt8]) {
        guard wide.count == 64 else { preconditionFailure("a wide scalar has 64 bytes") }
        bytes = unsafe Self.result { output in unsafe crypto_core_ristretto255_scalar_reduce(output, wide) }
    }

    package static func + (left: Self, right: Self) -> Self {
        Self(trusted: unsafe result { unsafe crypto_core_ristretto255_scalar_add($0, left.bytes, right.bytes) })
    }

    package static func - (left: Self, right: Self) -> Self {
        Self(trusted: unsafe result { unsafe crypto_core_ristretto255_scalar_sub($0, left.bytes, right.bytes) })
    }

    package static func * (left: Self, right: Self) -> Self {
        Self(trusted: unsafe result { unsafe crypto_core_ristretto255_scalar_mul($0, left.bytes, right.bytes) })
    }

    /// 1 / self; nil for zero.
    package var inverted: Self? {
        var inverse = [UInt8](repeating: 0, count: Self.byteCount)
        return unsafe crypto_core_ristretto255_scalar_invert(&inverse, bytes) == 0 ? Self(trusted: inverse) : nil
    }

    private static func result(_ compute: (UnsafeMutablePointer<UInt8>) -> Void) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, filled in
            if let start = buffer.baseAddress { unsafe compute(start) }
            filled = byteCount
        }
    }
}

extension GroupProof {
    init(challenge: RistrettoScalar, response: RistrettoScalar) {
        guard let challenge = Bytes32(challenge.bytes.span), let response = Bytes32(response.bytes.span) else {
            preconditionFailure("a scalar has 32 bytes")
        }
        self.init(challenge: challenge, response: response)
    }

    /// Both scalars; nil when one is not canonical.
    var scalars: (challenge: RistrettoScalar, response: RistrettoScalar)? {
        guard let challenge = RistrettoScalar(challenge.bytes), let response = RistrettoScalar(response.bytes) else {
            return nil
        }
        return (challenge, response)
    }
}
