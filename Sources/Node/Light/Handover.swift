package import Consensus
package import Ledger
import Primitives
package import Wire

/// How one validator epoch hands over to the next: its last record, which the set of the epoch made final, and the set
/// that the record names: `{list, record, finality, recovery?}`. Where operators ended the epoch, the record is the one
/// that their document names, and the set is the document's.
package struct Handover: WireObject, Hashable {
    /// Handovers in one bundle.
    package static let countMax = 4_096

    package let list: ValidatorList
    package let record: Record
    package let finality: FinalityProof
    package let recovery: RecoveryDocument?

    package init(
        list: ValidatorList, record: Record, finality: FinalityProof, recovery: RecoveryDocument? = nil
    ) {
        self.list = list
        self.record = record
        self.finality = finality
        self.recovery = recovery
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let start = reader.offset
        let count = try reader.mapHeader(max: 4)
        guard count >= 3 else { throw .unexpectedKey(at: start) }
        try reader.key("list")
        list = try ValidatorList(from: &reader)
        try reader.key("record")
        record = try Record(from: &reader)
        try reader.key("finality")
        finality = try FinalityProof(from: &reader)
        if count == 4 {
            try reader.key("recovery")
            recovery = try RecoveryDocument(from: &reader)
        } else {
            recovery = nil
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: recovery == nil ? 3 : 4)
        writer.key("list")
        list.encode(into: &writer)
        writer.key("record")
        record.encode(into: &writer)
        writer.key("finality")
        finality.encode(into: &writer)
        if let recovery {
            writer.key("recovery")
            recovery.encode(into: &writer)
        }
    }
}
