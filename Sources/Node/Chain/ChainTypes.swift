package import Consensus
package import Ledger
package import Links
package import Primitives

/// How the chain reaches other nodes. The closures return at once and drop what does not fit.
package struct ChainNetwork: Sendable {
    /// What a message is, for the queue it travels in: votes before blocks, blocks before transactions.
    package enum Traffic: Sendable { case consensus, sync, transactions }

    package let broadcast: @Sendable (Traffic, [UInt8]) -> Void
    package let send: @Sendable (MemberID, Traffic, [UInt8]) -> Void
    /// Told what a peer did that an honest one does not.
    package let report: @Sendable (MemberID, Offence) -> Void

    package init(
        broadcast: @escaping @Sendable (Traffic, [UInt8]) -> Void,
        send: @escaping @Sendable (MemberID, Traffic, [UInt8]) -> Void,
        report: @escaping @Sendable (MemberID, Offence) -> Void = { _, _ in }
    ) {
        self.broadcast = broadcast
        self.send = send
        self.report = report
    }

    /// A network of one.
    package static let none = ChainNetwork(broadcast: { _, _ in }, send: { _, _, _ in })
}

/// A block that has become final, with what came of it.
package struct FinalisedBlock: Sendable {
    package let block: Block
    package let executed: ExecutedBlock
    package var record: Record { executed.record }
}

/// Where a transaction stands on the ledger and what became of it.
package struct TransactionOutcome: Hashable, Sendable {
    package let id: TransactionID
    package let height: Height
    package let index: UInt32
    package let result: TransactionResult

    package init(id: TransactionID, height: Height, index: UInt32, result: TransactionResult) {
        self.id = id
        self.height = height
        self.index = index
        self.result = result
    }
}

/// Why a transaction was not taken in.
package enum SubmitError: Error, Equatable, Sendable {
    /// It may stand in no block.
    case faulty(TransactionFault)
    /// It would be recorded as a failure.
    case failing(TransactionResult)
    case busy(retryAfterMilliseconds: UInt64)
    /// It ran out before a block took it in.
    case dropped
    /// It is not final within the time the caller would wait; it may still become so.
    case timedOut(TransactionID)
    /// As many callers as can be kept are waiting.
    case tooManyWaiting
    /// The node is stopping, or its store failed.
    case stopped
}

/// What an operator sees of the chain.
package struct ChainStatus: Sendable {
    package let chain: ChainID
    package let height: Height
    package let recordTime: Timestamp
    package let record: Digest
    package let view: View
    package let leader: MemberID?
    package let validatorCount: Int
    package let isValidator: Bool
    /// Validators that have not voted in the current view, as far as is known here.
    package let missing: [MemberID]
    /// Signing was stopped because it would be dangerous.
    package let isMuted: Bool
    /// Why the last vote was not signed; nil when it was.
    package let signerFault: SigningRefusal?
    package let mempoolCount: Int
    package let mempoolByteCount: UInt64
    package let unfinalisedCount: Int
    package let logSize: UInt64
    /// Since this node saw a block become final.
    package let sinceFinalised: Duration
    package let hasWork: Bool
}
