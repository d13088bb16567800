import Consensus
package import Ledger
package import Wire

/// Where a light client may begin instead of at genesis: a record, its finality proof, and the set that decided it:
/// `{v, list, record, finality}`. Whoever begins here trusts where the file came from, as it would a genesis document.
package struct LightCheckpoint: WireObject, Hashable {
    package static let version: UInt64 = 1

    package let list: ValidatorList
    package let proven: ProvenRecord

    package init(list: ValidatorList, proven: ProvenRecord) {
        self.list = list
        self.proven = proven
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 4)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("list")
        list = try ValidatorList(from: &reader)
        try reader.key("record")
        let record = try Record(from: &reader)
        try reader.key("finality")
        proven = ProvenRecord(record: record, finality: try FinalityProof(from: &reader))
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 4)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("list")
        list.encode(into: &writer)
        writer.key("record")
        proven.record.encode(into: &writer)
        writer.key("finality")
        proven.finality.encode(into: &writer)
    }
}
