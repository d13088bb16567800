package import Consensus
package import Ledger
import Primitives
package import Wire

/// How one validator epoch hands over to the next: its last record, which the set of the epoch made final, and the set
/// that the record names: `{list, record, finality}`.
package struct Handover: WireObject, Hashable {
    /// Handovers in one bundle.
    package static let countMax = 4_096

    package let list: ValidatorList
    package let record: Record
    package let finality: FinalityProof

    package init(list: ValidatorList, record: Record, finality: FinalityProof) {
        self.list = list
        self.record = record
        self.finality = finality
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 3)
        try reader.key("list")
        list = try ValidatorList(from: &reader)
        try reader.key("record")
        record = try Record(from: &reader)
        try reader.key("finality")
        finality = try FinalityProof(from: &reader)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 3)
        writer.key("list")
        list.encode(into: &writer)
        writer.key("record")
        record.encode(into: &writer)
        writer.key("finality")
        finality.encode(into: &writer)
    }
}
