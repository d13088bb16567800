package import Consensus
package import Ledger
import Primitives
package import Wire

/// A finalised block as it lies in the store and in an export: what was proposed, and what became of its transactions.
package struct StoredBlock: WireObject, Hashable {
    package static let version: UInt64 = 1

    /// Result codes, one for each transaction.
    package let codes: [UInt16]
    package let proposal: Proposal

    package init(codes: [UInt16], proposal: Proposal) {
        self.codes = codes
        self.proposal = proposal
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 3)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("block")
        proposal = try Proposal(from: &reader)
        try reader.key("codes")
        codes = try reader.array(max: CeilingOf.blockTransactions) { inner throws(WireError) in
            UInt16(try inner.unsigned(max: UInt64(UInt16.max)))
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 3)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("block")
        proposal.encode(into: &writer)
        writer.key("codes")
        writer.array(codes) { $0.unsigned(UInt64($1)) }
    }

    /// What the body says.
    package func ledgerBlock() throws(WireError) -> LedgerBlock { try LedgerBlock(decoding: proposal.body) }
}

/// Where the chain stands, as it lies in the store.
struct StoredTip: WireObject {
    let tip: LedgerTip
    let block: BlockReference

    init(tip: LedgerTip, block: BlockReference) {
        self.tip = tip
        self.block = block
    }

    init(from reader: inout CBORReader) throws(WireError) {
        guard try reader.arrayHeader(max: 7) == 7 else { throw .badValue(field: "tip") }
        let record = try Record(from: &reader)
        let recordID = try reader.link()
        let size = try reader.unsigned()
        let peaks = try reader.array(max: 64) { inner throws(WireError) in try inner.identifier(Digest.self) }
        guard let log = MerkleFrontier(size: size, peaks: peaks) else { throw .badValue(field: "log") }
        var state: TreeChild?
        if !reader.nullIfPresent() {
            guard try reader.arrayHeader(max: 3) == 3 else { throw .badValue(field: "state") }
            let version = try reader.counter(Height.self)
            let hash = try reader.identifier(Digest.self)
            state = TreeChild(version: version, hash: hash, isLeaf: try reader.boolean())
            reader.leave()
        }
        let view = try reader.counter(View.self)
        block = BlockReference(view: view, hash: try reader.identifier())
        tip = LedgerTip(record: record, recordID: recordID, log: log, state: state)
        reader.leave()
    }

    func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 7)
        tip.record.encode(into: &writer)
        writer.link(tip.recordID)
        writer.unsigned(tip.log.size)
        writer.array(tip.log.peaks) { $0.byteString($1) }
        if let state = tip.state {
            writer.arrayHeader(count: 3)
            writer.unsigned(state.version)
            writer.byteString(state.hash)
            writer.boolean(state.isLeaf)
        } else {
            writer.null()
        }
        writer.unsigned(block.view)
        writer.byteString(block.hash)
    }
}
