import Primitives
package import Wire

/// A record with the transactions that make it: what a proposer sends and a node stores. `{v, txs, record, recovery?}`.
package struct LedgerBlock: WireObject, Hashable {
    package let record: Record
    /// Envelopes exactly as they were signed, in the order of execution.
    package let transactions: [[UInt8]]
    /// What began the validator epoch in place of a quorum: in the first block of such an epoch, and nowhere else.
    package let recovery: RecoveryDocument?

    package init(record: Record, transactions: [[UInt8]], recovery: RecoveryDocument? = nil) {
        self.record = record
        self.transactions = transactions
        self.recovery = recovery
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let count = try reader.begin(3, through: 4)
        try reader.key("txs")
        transactions = try reader.array(max: CeilingOf.blockTransactions) { inner throws(WireError) in
            try inner.byteString(max: CeilingOf.transactionBytes)
        }
        record = try reader.object("record")
        recovery = count == 4 ? try reader.object("recovery") : nil
        try reader.end(count, read: recovery == nil ? 3 : 4)
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(recovery == nil ? 3 : 4)
        writer.key("txs")
        writer.array(transactions) { $0.byteString($1) }
        writer.field("record", record)
        if let recovery { writer.field("recovery", recovery) }
    }
}
