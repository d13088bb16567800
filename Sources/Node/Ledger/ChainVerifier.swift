import Consensus
import Crypto
package import Ledger
package import Primitives
import Wire

/// Re-checks a whole store from genesis: every header, signature, certificate, record, transaction, result, root and
/// the state itself, by executing everything again in memory. Trusts the genesis document and nothing else.
///
/// From the first height on whose transactions were pruned or erased, nothing can be executed: then headers, records,
/// finality proofs, the log and the newest state are held against each other, and transactions where they are.
package struct ChainVerifier {
    /// What was checked.
    package struct Report: Sendable, Equatable {
        package var blocks: UInt64 = 0
        package var transactions: UInt64 = 0
        package var signatures: UInt64 = 0
        package var finalityProofs: UInt64 = 0
        package var logNodes: UInt64 = 0
        package var stateEntries: UInt64 = 0
        /// Heights whose transactions were pruned here; what stays of them holds.
        package var prunedBlocks: UInt64 = 0
        /// Heights some of whose transactions were erased; what stays of them holds.
        package var erasedBlocks: UInt64 = 0
        /// Transactions of them that are missing, each with an erasure that covers it.
        package var erasedTransactions: UInt64 = 0
        /// Validator epochs that began, the first one aside.
        package var handovers: UInt64 = 0
        /// Those among them that operators began, where no quorum was left.
        package var recoveries: UInt64 = 0
        /// Blocks that were executed again; those from the first pruned or erased one on were not.
        package var executedBlocks: UInt64 = 0
    }

    /// The first thing that does not hold.
    package struct Fault: Error, Sendable {
        package let height: Height
        package let what: String
    }

    let rules: RuleBook
    let store: ChainStore
    /// Of the set that decides the next height, and of the one before.
    var context: VotingContext
    var validators: ValidatorSet
    let verifier = SignatureVerifier()
    var hash = SHA256()
    private var state = MemoryState()
    private var log = MemoryLog()
    /// What begins the validator epoch of the height that is being checked, when operators do.
    var recovery: Verified<RecoveryDocument>?
    var isRecovered = false
    var tip: LedgerTip
    var parent: BlockReference
    /// False from the first height on whose transactions are not all here.
    private var isExecuting = true
    package internal(set) var report = Report()

    /// - Throws: a fault at height 0 when the store's beginning is not the genesis document's.
    package init(_ store: ChainStore, rules: RuleBook) throws(Fault) {
        self.store = store
        self.rules = rules
        guard let genesis = try? rules.genesisBlock(with: &hash), let set = try? Finality.validators(in: genesis) else {
            throw Fault(height: .zero, what: "the genesis document has no first block")
        }
        context = VotingContext(chain: rules.chain, sets: [set])
        validators = set
        state.commit(genesis)
        tip = genesis.tip
        parent = .genesis(of: rules.chain)
    }

    /// Checks every block up to the tip, then the tip, the log and the state as they are stored; `progress` hears each
    /// height.
    package mutating func run(_ progress: (Height) -> Void = { _ in }) throws(Fault) -> Report {
        guard let stored = try? store.tip() else { throw Fault(height: .zero, what: "the tip cannot be read") }
        let end = stored.record.height
        var height = Height.zero
        while height < end {
            height = height.next
            try check(height)
            progress(height)
        }
        guard isExecuting else {
            try checkUnexecuted(stored)
            return report
        }
        guard stored == tip else { throw Fault(height: end, what: "the stored tip is not what the blocks lead to") }
        guard end == .zero || store.finalityProof(of: end) != nil else {
            throw Fault(height: end, what: "the newest block has no finality proof")
        }
        try checkLog()
        try checkState()
        return report
    }

    private mutating func check(_ height: Height) throws(Fault) {
        func fault(_ what: String) -> Fault { Fault(height: height, what: what) }
        try followEpoch(height)
        guard let stored = try whole(height) else {
            isExecuting = false
            return try checkUnexecuted(height, nil)
        }
        guard isExecuting else { return try checkUnexecuted(height, stored) }
        guard let block = Block(stored.proposal, with: &hash) else { throw fault("the body is not the header's") }
        guard block.header.parent == parent else { throw fault("the header's parent is not the block before") }
        try checkEpoch(of: block.header, height)
        guard let checks = block.signatureChecks(in: context), checks.allSatisfy(verifier.isValid) else {
            throw fault("the proposer's signature or the justification does not hold")
        }
        report.signatures += UInt64(checks.count)
        guard let content = try? stored.ledgerBlock(), content.record.cid(with: &hash) == block.header.record else {
            throw fault("the record is not the header's")
        }
        guard content.recovery == (isRecovered ? recovery?.value : nil) else {
            throw fault("the block does not carry the recovery document that began its validator epoch")
        }
        var transactions: [Verified<ParsedTransaction>] = []
        for (index, bytes) in content.transactions.enumerated() {
            guard
                let parsed = try? ParsedTransaction(
                    bytes, chain: rules.chain, limits: rules.genesis.limits, with: &hash),
                let verified = verifier.verified(parsed, in: rules.chain)
            else { throw fault("transaction \(index) is malformed or badly signed") }
            report.signatures += UInt64(parsed.signatureChecks(in: rules.chain)?.count ?? 0)
            transactions.append(verified)
        }
        let executed: ExecutedBlock
        do throws(BlockFault) {
            executed = try rules.process(
                content.record, transactions, recovery: isRecovered ? recovery : nil, on: tip, over: state, with: &hash)
        } catch {
            throw fault("executing it again gives another record: \(error)")
        }
        guard executed.results.map(\.code) == stored.codes else { throw fault("the stored result codes differ") }
        try checkFinality(content.record, height)
        state.commit(executed)
        log.store(executed.logNodes)
        tip = executed.tip
        parent = block.reference
        report.blocks += 1
        report.executedBlocks += 1
        report.transactions += UInt64(transactions.count)
    }

    mutating func checkFinality(_ record: Record, _ height: Height) throws(Fault) {
        guard let certificate = try? store.finalization(at: height) else { return }
        guard let proof = store.finalityProof(of: height),
            Finality.isFinal(record, proof, in: context, with: &hash)
        else { throw Fault(height: height, what: "the finality proof does not hold") }
        report.finalityProofs += 1
        report.signatures += UInt64(certificate.signatures.count)
    }

    private mutating func checkLog() throws(Fault) {
        guard let root = try? LogTree.root(size: tip.log.size, from: store, with: &hash),
            root == tip.record.logRoot
        else { throw Fault(height: tip.record.height, what: "the stored log does not have the record's root") }
        for index in 0..<tip.log.size {
            guard (try? store.logHash(level: 0, index: index)) == log.logHash(level: 0, index: index) else {
                throw Fault(height: tip.record.height, what: "stored log leaf \(index) differs")
            }
            report.logNodes += 1
        }
    }

    private mutating func checkState() throws(Fault) {
        let height = tip.record.height
        for (key, value) in state.values {
            guard (try? store.value(for: key)) == value,
                let proof = try? StateTree.proof(of: key, in: tip.state, from: store, with: &hash),
                proof.proves(value, under: key, root: tip.record.stateRoot, with: &hash)
            else {
                throw Fault(height: height, what: "a stored state entry or its proof differs: prefix \(key.prefix)")
            }
            report.stateEntries += 1
        }
        guard let count = try? store.stateCount(), count == state.values.count else {
            throw Fault(height: height, what: "the store holds state that no block wrote")
        }
    }
}
