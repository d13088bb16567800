package import Primitives

/// A leaf of the one log: a fixed 47 bytes, so that a pruned body does not break the tree.
///
/// Layout: version u8 at 0, height u64 at 1, index u32 at 9, envelope id (the digest of its CID) at 13, result code
/// u16 at 45; integers big-endian.
package struct LogLeaf: Hashable, Sendable {
    package static let byteCount = 47
    static let version: UInt8 = 1

    package let height: Height
    /// The place in the block.
    package let index: UInt32
    package let envelope: Digest
    package let code: UInt16

    package init(height: Height, index: UInt32, envelope: Digest, code: UInt16) {
        self.height = height
        self.index = index
        self.envelope = envelope
        self.code = code
    }

    /// Nil unless these are 47 bytes of version 1. The code may be one that a newer version knows.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, bytes[0] == Self.version, let envelope = Digest(bytes[13..<45]) else {
            return nil
        }
        self.init(
            height: Height(bytes[1..<9].reduce(0) { $0 << 8 | UInt64($1) }),
            index: bytes[9..<13].reduce(0) { $0 << 8 | UInt32($1) }, envelope: envelope,
            code: UInt16(bytes[45]) << 8 | UInt16(bytes[46]))
    }

    package var bytes: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(Self.byteCount)
        output.append(Self.version)
        for shift in stride(from: 56, through: 0, by: -8) {
            output.append(UInt8(truncatingIfNeeded: height.rawValue >> shift))
        }
        for shift in stride(from: 24, through: 0, by: -8) { output.append(UInt8(truncatingIfNeeded: index >> shift)) }
        envelope.raw.append(to: &output)
        output.append(UInt8(code >> 8))
        output.append(UInt8(truncatingIfNeeded: code))
        return output
    }
}

/// A leaf of a record's tree of results: transaction id (32 bytes), result code u16 big-endian.
package enum ResultLeaf {
    package static func bytes(_ id: TransactionID, code: UInt16) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(34)
        id.raw.append(to: &output)
        output.append(UInt8(code >> 8))
        output.append(UInt8(truncatingIfNeeded: code))
        return output
    }
}
