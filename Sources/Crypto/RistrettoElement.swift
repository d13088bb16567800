internal import CSodium
package import Primitives

/// The group operations on ristretto255 elements (RFC 9496). Whatever is no canonical encoding, and the identity where
/// a result or an input is it, is refused: no key, no blinded element and no point of a wrap is the identity.
extension GroupElement {
    /// True for a canonical encoding of an element other than the identity.
    package var isAcceptable: Bool {
        guard let bytes = try? checkedBytes() else { return false }
        return unsafe crypto_core_ristretto255_is_valid_point(bytes) == 1
    }

    /// The sum.
    /// - Throws: `RistrettoError.invalidElement` when one of both is no element, or the sum is the identity.
    package func adding(_ other: GroupElement) throws(RistrettoError) -> GroupElement {
        let (left, right) = (try checkedBytes(), try other.checkedBytes())
        return try unsafe Self.result { unsafe crypto_core_ristretto255_add($0, left, right) }
    }

    /// The difference.
    /// - Throws: `RistrettoError.invalidElement` when one of both is no element, or the difference is the identity.
    package func subtracting(_ other: GroupElement) throws(RistrettoError) -> GroupElement {
        let (left, right) = (try checkedBytes(), try other.checkedBytes())
        return try unsafe Self.result { unsafe crypto_core_ristretto255_sub($0, left, right) }
    }

    /// The multiple by a public scalar.
    /// - Throws: `RistrettoError.invalidElement` when this is no element, or the product is the identity.
    package func multiplied(by scalar: RistrettoScalar) throws(RistrettoError) -> GroupElement {
        let bytes = try checkedBytes()
        return try unsafe Self.result { unsafe crypto_scalarmult_ristretto255($0, scalar.bytes, bytes) }
    }

    /// The generator's multiple by a public scalar.
    /// - Throws: `RistrettoError.invalidElement` for zero.
    package static func generator(times scalar: RistrettoScalar) throws(RistrettoError) -> GroupElement {
        try unsafe result { unsafe crypto_scalarmult_ristretto255_base($0, scalar.bytes) }
    }

    /// The element that 64 uniform bytes map to (RFC 9496 section 4.3.4).
    /// - Throws: `RistrettoError.invalidElement` for the identity, which happens to nobody.
    package static func mapped(from uniform: [UInt8]) throws(RistrettoError) -> GroupElement {
        guard uniform.count == 64 else { preconditionFailure("the map takes 64 bytes") }
        return try unsafe result { unsafe crypto_core_ristretto255_from_hash($0, uniform) }
    }

    /// The 32 bytes for libsodium, which refuses every other bad encoding itself. Version 1.0.18 does not look at the
    /// top bit, so it would know each element under two encodings.
    /// - Throws: `RistrettoError.invalidElement` for a set top bit and for the identity.
    func checkedBytes() throws(RistrettoError) -> [UInt8] {
        guard raw.words.3 & 0x80 == 0, raw != .zero else { throw .invalidElement }
        return bytes
    }

    /// Runs a function of libsodium that writes 32 bytes and returns 0, and refuses the identity.
    static func result(
        _ compute: (UnsafeMutablePointer<UInt8>) -> CInt
    ) throws(RistrettoError) -> GroupElement {
        var status: CInt = -1
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 32) { buffer, filled in
            if let start = buffer.baseAddress { status = unsafe compute(start) }
            filled = 32
        }
        guard status == 0, let element = GroupElement(bytes.span), element.raw != .zero else { throw .invalidElement }
        return element
    }
}
