package import Primitives
import Wire

/// A block and all that came of it, in memory until it is final. Then the shell stores, in one batch: `writes`, the
/// tree's nodes, `logNodes`, the memories and the tip; a block that loses is simply dropped.
package final class ExecutedBlock: Sendable {
    package let tip: LedgerTip
    /// What began the validator epoch in place of a quorum; nil in all but the first block of such an epoch.
    package let recovery: RecoveryDocument?
    /// In the order of the block.
    package let transactions: [ParsedTransaction]
    package let results: [TransactionResult]
    /// What stands under each changed key after the block; nil where nothing does.
    package let writes: [StateKey: [UInt8]?]
    package let tree: StateTree.Update
    /// New hashes of the log, in order.
    package let logNodes: [LogNode]
    /// The transactions to remember, against replay and for `after`.
    package let memories: [TransactionID: ReplayMemory.Memory]

    package var record: Record { tip.record }

    init(
        tip: LedgerTip, recovery: RecoveryDocument?, transactions: [ParsedTransaction], results: [TransactionResult],
        writes: [StateKey: [UInt8]?], tree: StateTree.Update, logNodes: [LogNode],
        memories: [TransactionID: ReplayMemory.Memory]
    ) {
        self.tip = tip
        self.recovery = recovery
        self.transactions = transactions
        self.results = results
        self.writes = writes
        self.tree = tree
        self.logNodes = logNodes
        self.memories = memories
    }

    /// The block as it travels and as it is kept.
    package var block: LedgerBlock {
        LedgerBlock(record: record, transactions: transactions.map(\.bytes), recovery: recovery)
    }

    /// The log leaf of transaction `index`.
    package func leaf(_ index: Int) -> LogLeaf {
        LogLeaf(
            height: record.height, index: UInt32(index), envelope: transactions[index].envelopeID.digest,
            code: results[index].code)
    }
}

/// Why a block is invalid, whoever proposed it.
package enum BlockFault: Error, Equatable, Sendable {
    /// Its time is not after its parent's.
    case timeNotLater
    /// More transactions than `NetworkLimits.blockTransactions`.
    case tooManyTransactions
    /// More bytes than `NetworkLimits.blockBytes`.
    case tooLarge
    /// The transaction at this place may stand in no block.
    case transaction(index: Int, TransactionFault)
    /// Its record claims other things than come of it.
    case otherRecord
    /// It begins a validator epoch by a document that may not.
    case recovery(RecoveryFault)
    /// Not the block's fault: the state cannot be read.
    case state(StateError)
}
