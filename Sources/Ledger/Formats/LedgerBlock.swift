import Primitives
package import Wire

/// A record with the transactions that make it: what a proposer sends and a node stores. `{v, txs, record}`.
package struct LedgerBlock: WireObject, Hashable {
    package let record: Record
    /// Envelopes exactly as they were signed, in the order of execution.
    package let transactions: [[UInt8]]

    package init(record: Record, transactions: [[UInt8]]) {
        self.record = record
        self.transactions = transactions
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        try reader.key("txs")
        transactions = try reader.array(max: CeilingOf.blockTransactions) { inner throws(WireError) in
            try inner.byteString(max: CeilingOf.transactionBytes)
        }
        record = try reader.object("record")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.key("txs")
        writer.array(transactions) { $0.byteString($1) }
        writer.field("record", record)
    }
}
