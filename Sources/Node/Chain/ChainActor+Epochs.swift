import Consensus
import Crypto
import EventLoop
import KeyValue
import Ledger
import Primitives
import Wire

/// Which validators decide the next block, and until when.
struct EpochPlace: Sendable {
    let validators: ValidatorSet
    /// Those of the epoch before, while the next block is the first of its epoch: it carries a finalization of theirs.
    let before: ValidatorSet?
    /// Of the block that seals the epoch.
    let lastHeight: Height
    let limits: NetworkLimits
    /// What begins the epoch in place of the validators before, while no block of it is final.
    let recovery: Verified<RecoveryDocument>?

    /// Reads it from the state after `tip` (rules LG-22 and LG-133).
    ///
    /// - Throws: `unreadable` when the state names no set that can decide.
    init(
        after tip: LedgerTip, from view: any StateView, recovery: Verified<RecoveryDocument>?
    ) throws(StateError) {
        func set(_ prefix: StatePrefix) throws(StateError) -> ValidatorSet {
            let key = StateKey(prefix)
            guard let bytes = try view.value(for: key), let set = try? ValidatorSet(decoding: bytes) else {
                throw .unreadable(key)
            }
            return set
        }
        limits = try RuleBook.limits(after: tip, from: view)
        self.recovery = recovery
        if let list = recovery?.value.statement.list {
            guard let named = try? ValidatorSet(decoding: list.encoded) else {
                throw .unreadable(StateKey(.recovery, number: list.epoch.rawValue))
            }
            validators = named
            before = try set(.validators)
            lastHeight = Height(tip.record.height.rawValue + limits.epochHeights)
        } else if tip.record.endsEpoch {
            validators = try set(.nextValidators)
            before = try set(.validators)
            lastHeight = Height(tip.record.height.rawValue + limits.epochHeights)
        } else {
            validators = try set(.validators)
            before = nil
            lastHeight = tip.record.epochEnd
        }
    }

    /// As above, from the store.
    init(after tip: LedgerTip, in store: ChainStore) throws(ChainStoreError) {
        let document = try store.recovery(above: tip)
        let recovery = document.flatMap { SignatureVerifier().verified($0, in: tip.record.chain) }
        guard (recovery == nil) == (document == nil) else { throw .damaged(ChainTable.recovery.name) }
        do throws(StateError) {
            try self.init(after: tip, from: store, recovery: recovery)
        } catch {
            throw .damaged("state")
        }
    }

    func context(of chain: ChainID) -> VotingContext {
        VotingContext(chain: chain, sets: [validators] + (before.map { [$0] } ?? []))
    }

    /// Where `member` sits, and the key it votes with; nil when it has no seat, or another key than the node holds.
    func seat(of member: MemberID, holding keys: [any VoteSigning]) -> (seat: Seat, signer: any VoteSigning)? {
        guard let seat = validators.seat(of: member), let validator = validators[seat],
            let key = keys.first(where: { $0.publicKey == validator.key })
        else { return nil }
        return (seat, key)
    }

    func engine(on chain: ChainID, _ seat: Seat?, _ restored: Restored, isMuted: Bool = false) -> Engine {
        var pace = Pace()
        pace.delta = .milliseconds(limits.delta)
        pace.deltaMax = .milliseconds(limits.deltaMax)
        pace.heartbeat = .milliseconds(limits.heartbeat)
        return Engine(
            chain: chain, validators: validators, lastHeight: lastHeight, seat: seat, restored: restored,
            isMuted: isMuted, pace: pace)
    }
}

/// Between validator epochs: one engine ends, the next begins, and nodes in different epochs find to each other.
extension ChainActor {
    /// Messages of the next epoch that are kept until it begins here, and their bytes together; later ones are dropped.
    static let aheadMax = 256
    static let aheadByteCountMax = 8 << 20
    /// Peers of which it is remembered when they were told how an epoch ended.
    static let toldMax = 1_024

    struct Crossing {
        var ahead: [(peer: MemberID, bytes: [UInt8])] = []
        var aheadByteCount = 0
        /// Asks a peer that is ahead, once this node has had its time to get there by itself.
        var timer: TimerID?
        var toldAt: [MemberID: Duration] = [:]
    }

    /// S-13, S-14: the sealed engine makes room for that of the next epoch. What was planned for it is forgotten.
    func beginEpoch() {
        guard !isStopped else { return }
        let isMuted = engine.isMuted
        for timer in timers.values { loop.cancel(timer) }
        timers = [:]
        events = []
        for hash in executed.keys.sorted() { forget(hash) }
        bodies = [:]
        signing.timer.map { loop.cancel($0) }
        do throws(ChainStoreError) {
            let place = try EpochPlace(after: tip, in: store)
            let seated = place.seat(of: member, holding: signers)
            let (restored, signing) = Self.remembered(
                try store.restored(seat: seated?.seat, epoch: place.validators.epoch), seat: seated?.seat,
                signer: seated?.signer, chain: rules.chain, epoch: place.validators.epoch, log: log)
            self.signing = signing
            (validators, context) = (place.validators, place.context(of: rules.chain))
            recovery = place.recovery
            (seat, signer) = (seated?.seat, seated?.signer)
            blockPace = BlockPace(delta: .milliseconds(place.limits.delta))
            engine = place.engine(on: rules.chain, seat, restored, isMuted: isMuted)
        } catch {
            return fail(error)
        }
        log(
            .info, "validator_epoch",
            [
                "epoch": .counter(validators.epoch), "height": .counter(tip.record.height),
                "validators": .count(validators.count), "seat": .word(seat.map { "\($0)" } ?? "none"),
            ])
        admission = nil
        lastBacklog = .empty
        events.append(.started)
        refreshBacklog()
        hearAhead()
    }

    /// Those that hold for the next block: of genesis, as votes have changed them.
    var limits: NetworkLimits { (try? RuleBook.limits(after: tip, from: state)) ?? rules.genesis.limits }

    // MARK: Who is in another epoch

    /// S-15: whether a message is of the epoch that runs here. To one of an older epoch the node answers how that
    /// ended; one of the next is kept until then, and its sender asked if that takes long.
    func isOfThisEpoch(_ message: Message, _ bytes: [UInt8], from peer: MemberID) -> Bool {
        let epoch: ValidatorEpoch
        switch message {
        case .vote(let vote): epoch = vote.ballot.epoch
        case .certificate(let certificate): epoch = certificate.ballot.epoch
        case .proposal(let proposal): epoch = proposal.header.epoch
        case .request(.certificates(_, let asked)): epoch = asked
        case .request(.block), .request(.finalised), .response: return true
        }
        if case .proposal(let proposal) = message { followRecovery(proposal) }
        if epoch == validators.epoch { return true }
        if epoch > validators.epoch {
            keep(bytes, of: epoch, from: peer)
        } else if isStraggling(message) {
            tellSeal(of: epoch, to: peer)
        }
        return false
    }

    /// Certificates and blocks of an old epoch also travel between nodes that have left it: an answer to them would be
    /// answered in turn, for ever.
    private func isStraggling(_ message: Message) -> Bool {
        switch message {
        case .vote, .request: true
        case .certificate, .proposal, .response: false
        }
    }

    private func tellSeal(of epoch: ValidatorEpoch, to peer: MemberID) {
        let now = SystemTime.monotonic
        if let last = crossing.toldAt[peer], now - last < .milliseconds(limits.delta) { return }
        guard let end = try? store.epochEnd(of: epoch), let seal = try? store.finalization(at: end.height),
            let echoes = try? store.echoes(above: end.height)
        else { return }
        if crossing.toldAt.count >= Self.toldMax { crossing.toldAt = [:] }
        crossing.toldAt[peer] = now
        var newest = echoes.suffix(CatchUpResponse.proposalCountMax)
        // S-16: whoever is at the end by itself learns from the block above why it is one.
        if (try? store.recovery(of: epoch)) != nil, let first = try? store.block(at: end.height.next) {
            newest = [first.proposal]
        }
        respond(CatchUpResponse(certificates: [seal], proposals: Array(newest)), to: peer)
    }

    private func keep(_ bytes: [UInt8], of epoch: ValidatorEpoch, from peer: MemberID) {
        if epoch == validators.epoch.next, crossing.ahead.count < Self.aheadMax,
            crossing.aheadByteCount + bytes.count <= Self.aheadByteCountMax
        {
            crossing.ahead.append((peer, bytes))
            crossing.aheadByteCount += bytes.count
        }
        guard crossing.timer == nil else { return }
        crossing.timer = loop.schedule(after: .milliseconds(limits.delta)) { [weak self] in
            self?.assumeIsolated { chain in
                chain.crossing.timer = nil
                guard !chain.isStopped, epoch > chain.validators.epoch else { return }
                let request = CatchUpRequest.finalised(after: chain.engine.head.height)
                chain.network.send(peer, .sync, Message.request(request).encoded)
            }
        }
    }

    /// What came too early is heard now.
    private func hearAhead() {
        let ahead = crossing.ahead
        crossing.ahead = []
        crossing.aheadByteCount = 0
        guard !ahead.isEmpty else { return }
        // After the events that wait: the new engine must have started.
        loop.schedule(after: .zero) { [weak self] in
            self?.assumeIsolated { chain in
                for (peer, bytes) in ahead { chain.receive(bytes, from: peer) }
            }
        }
    }
}
