package import Consensus
package import Ledger
package import Primitives
package import Wire

/// What stays of a block for ever: the engine's header with its signature, and the record. `{v, sig, header, record}`.
/// From the heads of all heights and the finality proofs, every record is verified back to genesis.
package struct StoredHead: WireObject, Hashable {
    package static let version: UInt64 = 1

    package let header: EngineHeader
    package let signature: Signature
    package let record: Record

    package init(header: EngineHeader, signature: Signature, record: Record) {
        self.header = header
        self.signature = signature
        self.record = record
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 4)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("sig")
        signature = try reader.signature()
        try reader.key("header")
        header = try EngineHeader(from: &reader)
        try reader.key("record")
        record = try Record(from: &reader)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 4)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("sig")
        writer.byteString(signature)
        writer.key("header")
        header.encode(into: &writer)
        writer.key("record")
        record.encode(into: &writer)
    }
}

/// Where the transactions of a finalised block lie.
enum BodyPlace: Hashable {
    /// Where consensus put it before it was final; the result codes beside it.
    case pending(BlockReference, codes: [UInt16])
    case segment(SegmentStore.Place)
    /// Some of its transactions were erased: what is left, an `ErasedBlock`.
    case erased([UInt8])
    /// Written by layout 1, under the index itself.
    case inline([UInt8])

    private enum Tag: UInt8 {
        case pending = 0x01
        case segment = 0x02
        case erased = 0x03
        /// A map of three, as layout 1 stored the block.
        case inline = 0xa3
    }

    /// Nil unless these are the bytes of a place.
    init?(_ bytes: [UInt8]) {
        guard let tag = bytes.first.flatMap(Tag.init(rawValue:)) else { return nil }
        switch tag {
        case .pending:
            guard bytes.count >= 41, bytes.count % 2 == 1, let hash = Digest(bytes[9..<41]) else { return nil }
            let codes = stride(from: 41, to: bytes.count, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
            self = .pending(BlockReference(view: View(bigEndian(bytes[1..<9])), hash: hash), codes: codes)
        case .segment:
            guard bytes.count == 17 else { return nil }
            self = .segment(
                SegmentStore.Place(
                    segment: Height(bigEndian(bytes[1..<9])), offset: Int(bigEndian(bytes[9..<13])),
                    byteCount: Int(bigEndian(bytes[13..<17]))))
        case .erased: self = .erased(Array(bytes.dropFirst()))
        case .inline: self = .inline(bytes)
        }
    }

    var bytes: [UInt8] {
        switch self {
        case .pending(let block, let codes):
            [Tag.pending.rawValue] + bigEndian(block.view.rawValue) + block.hash.bytes
                + codes.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        case .segment(let place):
            [Tag.segment.rawValue] + bigEndian(place.segment.rawValue) + bigEndian(UInt64(place.offset)).suffix(4)
                + bigEndian(UInt64(place.byteCount)).suffix(4)
        case .erased(let bytes): [Tag.erased.rawValue] + bytes
        case .inline(let bytes): bytes
        }
    }
}
