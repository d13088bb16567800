package import Consensus
package import Ledger
package import Wire

/// A record and the proof that it is final: `{record, finality}`.
package struct ProvenRecord: WireObject, Hashable {
    package let record: Record
    package let finality: FinalityProof

    package init(record: Record, finality: FinalityProof) {
        self.record = record
        self.finality = finality
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 2)
        try reader.key("record")
        record = try Record(from: &reader)
        try reader.key("finality")
        finality = try FinalityProof(from: &reader)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 2)
        writer.key("record")
        record.encode(into: &writer)
        writer.key("finality")
        finality.encode(into: &writer)
    }
}
