internal import Primitives

/// Keeps the hashes of one protocol apart from those of every other: the context string of RFC 9497 section 3.1.
///
/// To the group: `expand_message_xmd` (RFC 9380 section 5.3.1, SHA-512) to 64 bytes under "HashToGroup-" ‖ context,
/// then the ristretto255 map. To a scalar: the same under "HashToScalar-" ‖ context, reduced modulo L.
package struct RistrettoContext: Hashable, Sendable {
    /// The suite's name in RFC 9497.
    static let suite = "ristretto255-SHA512"
    /// The longest input, in bytes: its length is hashed as two bytes.
    package static let inputByteCountMax = 65_535

    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// A context of Sotto's own: "SottoV1-" ‖ label ‖ "-ristretto255-SHA512". It collides with none of RFC 9497, whose
    /// contexts begin with "OPRFV1-".
    static func own(_ label: String) -> RistrettoContext { RistrettoContext(Array("SottoV1-\(label)-\(suite)".utf8)) }

    /// - Throws: `RistrettoError.invalidElement` for an input that maps to the identity, which nobody can find.
    func hashToGroup(_ input: [UInt8]) throws(RistrettoError) -> GroupElement {
        try .mapped(from: Self.expand(input, to: 64, under: Array("HashToGroup-".utf8) + bytes))
    }

    func hashToScalar(_ input: [UInt8]) -> RistrettoScalar {
        hashToScalar(input, under: Array("HashToScalar-".utf8) + bytes)
    }

    /// The same under another domain separation tag, as RFC 9497 derives keys.
    func hashToScalar(_ input: [UInt8], under tag: [UInt8]) -> RistrettoScalar {
        RistrettoScalar(reducing: Self.expand(input, to: 64, under: tag))
    }

    /// RFC 9380 section 5.3.1 with SHA-512. `count` is at most 255 · 64 bytes.
    package static func expand(_ message: [UInt8], to count: Int, under tag: [UInt8]) -> [UInt8] {
        let blockCount = (count + SHA512.byteCount - 1) / SHA512.byteCount
        guard (1...255).contains(blockCount) else { preconditionFailure("expands to 1 through 16,320 bytes") }
        let short = tag.count <= 255 ? tag : SHA512.hash(Array("H2C-OVERSIZE-DST-".utf8) + tag)
        let suffix = short + [UInt8(short.count)]
        var hash = SHA512()
        hash.update([UInt8](repeating: 0, count: 128))
        hash.update(message)
        hash.update(Self.twoBytes(count) + [0])
        hash.update(suffix)
        let seed = hash.finish()
        var block = [UInt8](repeating: 0, count: SHA512.byteCount)
        var output: [UInt8] = []
        for index in 1...blockCount {
            hash.update(zip(seed, block).map { $0 ^ $1 })
            hash.update([UInt8(index)])
            hash.update(suffix)
            block = hash.finish()
            output += block
        }
        return Array(output[..<count])
    }

    /// I2OSP(length, 2).
    static func twoBytes(_ length: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length)]
    }

    /// Its length in two bytes, then the part itself: how RFC 9497 builds every transcript.
    static func prefixed(_ part: [UInt8]) -> [UInt8] { twoBytes(part.count) + part }
}
