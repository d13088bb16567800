import Consensus
import Crypto
package import EventLoop
package import Ledger
package import Primitives
import Wire

/// The shell of consensus and ledger: one thread that owns the store, executes blocks, signs votes and makes blocks
/// final. Everything durable is written here, synchronously and in order.
package actor ChainActor {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    /// Callers that may wait for a transaction at once.
    static let waitersMax = 4_096
    /// Transactions in one message.
    static let transactionsPerMessageMax = 256
    /// Until a transaction is sent again.
    static let resendPause = Duration.seconds(2)

    nonisolated let loop: EpollLoop
    package nonisolated let rules: RuleBook
    package nonisolated let store: ChainStore
    /// Who decides the next block, and what its signatures are checked against: moves with the validator epoch.
    var validators: ValidatorSet
    var context: VotingContext
    var seat: Seat?
    var crossing = Crossing()
    /// What began the validator epoch in place of a quorum, while no block of it is final.
    var recovery: Verified<RecoveryDocument>?
    var hasNoticedRecovery = false
    let member: MemberID
    /// The voting keys that this node holds: a key that was rotated takes over with an epoch.
    var signers: [any VoteSigning]
    var signer: (any VoteSigning)?
    let network: ChainNetwork
    let log: Log
    /// Of transactions.
    nonisolated let checker: TransactionChecker
    /// Of votes, certificates and proposals.
    var signatures = SignatureMemory()
    /// What executions read.
    let state: StateCache

    var engine: Engine
    var mempool: Mempool
    var admission: Admission?
    var tip: LedgerTip
    /// Of the last finalised block: moves with `tip`, after the engine's own.
    var head: Digest
    /// Blocks that came in and are not final: the body, and once executed what came of it.
    var bodies: [Digest: Block] = [:]
    var executed: [Digest: ExecutedBlock] = [:]
    var timers: [Engine.Timer: TimerID] = [:]
    var waiters: [TransactionID: [Waiter]] = [:]
    var waiterCount = 0
    /// Numbers waiters, so that a timer finds its own.
    var lastWaiter = 0
    var listeners: [@Sendable (FinalisedBlock) -> Void] = []
    var outgoing: [[UInt8]] = []
    /// Pending transactions that were handed in here, and when they were sent last: those that are sent again when
    /// nothing moves.
    var own: [TransactionID: Duration] = [:]
    var events: [Engine.Event] = []
    var isRunning = false
    var isStopped = false
    /// How large a block this node proposes.
    var blockPace: BlockPace
    var lastBacklog = Engine.Backlog.empty { didSet { meter.waits(lastBacklog.hasUnfinalised) } }
    var meter = ChainMeter()
    var speakers = Speakers()
    var finalisedAt = SystemTime.monotonic
    var signing: SigningState
    var hash = SHA256()
    package private(set) var statistics = ChainStatistics()

    struct Waiter {
        let continuation: CheckedContinuation<Result<TransactionOutcome, SubmitError>, Never>
        let timer: TimerID
        let number: Int
    }

    /// - Parameters:
    ///   - loop: a thread of its own, since it blocks on the disk.
    ///   - signer: the validator's voting key, wherever it is; nil for a node that follows.
    ///   - nextSigner: the key that it has rotated to, or is about to.
    package init(
        on loop: EpollLoop, rules: RuleBook, store: ChainStore, member: MemberID, signer: (any VoteSigning)?,
        nextSigner: (any VoteSigning)? = nil, network: ChainNetwork, log: Log
    ) throws(ChainStoreError) {
        self.loop = loop
        self.rules = rules
        self.store = store
        state = StateCache(store)
        checker = TransactionChecker(rules: rules)
        self.member = member
        self.network = network
        self.log = log
        let stored = try store.storedTip()
        tip = stored.tip
        head = stored.block.hash
        signers = [signer, nextSigner].compactMap { $0 }
        let place = try EpochPlace(after: stored.tip, in: store)
        validators = place.validators
        context = place.context(of: rules.chain)
        recovery = place.recovery
        let seated = place.seat(of: member, holding: signers)
        seat = seated?.seat
        self.signer = seated?.signer
        let (restored, signing) = Self.remembered(
            try store.restored(seat: seated?.seat, epoch: place.validators.epoch), seat: seated?.seat,
            signer: seated?.signer, chain: rules.chain, epoch: place.validators.epoch, log: log)
        self.signing = signing
        for block in restored.blocks { bodies[block.hash] = block }
        blockPace = BlockPace(delta: .milliseconds(place.limits.delta))
        engine = place.engine(on: rules.chain, seated?.seat, restored)
        mempool = Mempool(Mempool.Limits(place.limits))
    }

    /// Begins to take part.
    package func start() { handle(.started) }

    /// Stops; what is durable stays, what waits is told.
    package func stop() {
        guard !isStopped else { return }
        isStopped = true
        for timer in timers.values { loop.cancel(timer) }
        timers = [:]
        for waiter in waiters.values.joined() {
            loop.cancel(waiter.timer)
            waiter.continuation.resume(returning: .failure(.stopped))
        }
        waiters = [:]
        store.close()
    }

    /// Calls `listener` for every block that becomes final from now on, on the chain's thread: it must return at once.
    package func listen(_ listener: @escaping @Sendable (FinalisedBlock) -> Void) { listeners.append(listener) }

    // MARK: Engine

    /// Feeds the engine and performs what it asks for, until nothing follows from it any more.
    func handle(_ event: Engine.Event) {
        guard !isStopped else { return }
        events.append(event)
        guard !isRunning else { return }
        isRunning = true
        while !events.isEmpty, !isStopped {
            let next = events
            events = []
            for event in next where !isStopped { perform(engine.receive(event)) }
            if engine.isSealed { beginEpoch() }
        }
        isRunning = false
    }

    /// A store that cannot be written ends the node: to go on would be to forget.
    func fail(_ error: ChainStoreError) {
        log(.error, "store_failed", ["error": .word(String(describing: error))])
        meter.failure = error
        stop()
    }

    var onEvidence: (@Sendable (Evidence) -> Void)?
    /// The last validator epoch for which a validator's double signing was handed over, by its key.
    var accused: [PublicKey: ValidatorEpoch] = [:]

    func count(_ body: (inout ChainStatistics) -> Void) { body(&statistics) }

    // MARK: Reading

    /// Reads the state of the newest finalised block.
    package func read<Value: Sendable>(
        _ body: @Sendable (any StateView, LedgerTip) throws(StateError) -> Value
    ) throws(StateError) -> Value { try body(store, tip) }

    package var currentTip: LedgerTip { tip }

    package var status: ChainStatus {
        ChainStatus(
            chain: rules.chain, height: tip.record.height, recordTime: tip.record.time, record: tip.recordID.digest,
            view: engine.view, leader: validators[engine.leader]?.id, validatorCount: validators.count,
            isValidator: seat != nil, missing: engine.missing.compactMap { validators[$0]?.id },
            isMuted: engine.isMuted, signerFault: signing.fault, mempoolCount: mempool.count,
            mempoolByteCount: mempool.byteCount,
            unfinalisedCount: executed.count, logSize: tip.log.size,
            sinceFinalised: SystemTime.monotonic - finalisedAt, hasWork: lastBacklog.hasUnfinalised)
    }
}

/// Counters since the start, for metrics.
package struct ChainStatistics: Sendable, Equatable {
    package var finalisedBlocks: UInt64 = 0
    package var finalisedTransactions: UInt64 = 0
    package var nullifiedViews: UInt64 = 0
    package var refusedMessages: UInt64 = 0
    package var syncedWrites: UInt64 = 0
    /// Time spent in synced writes, in nanoseconds.
    package var syncedWriteNanoseconds: UInt64 = 0
}
