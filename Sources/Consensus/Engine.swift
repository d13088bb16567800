package import Primitives
import Wire

/// One validator's part in agreeing on a chain of blocks: Simplex, as a value that takes events and returns actions.
///
/// Time is cut into views. In each, one leader proposes a block on a certified parent; a quorum of notarize votes
/// certifies it, a quorum of nullify votes gives the view up, and either ends the view. Whoever saw a notarization and
/// has not given up signs finalize; a quorum of these makes the block and all its ancestors final. Since nobody signs
/// both finalize and nullify, a finalised view has no nullification, and no later block can pass it by.
///
/// A validator without a seat follows: it counts, fetches and commits, and signs nothing. The clauses `S-n` are those
/// of `Rules.md`. Source: Benjamin Chan, Rafael Pass, "Simplex Consensus: A Simple and Fast Consensus Protocol",
/// IACR eprint 2023/463.
package struct Engine: Sendable, Equatable {
    package let chain: ChainID
    package let validators: ValidatorSet
    /// Nil for a follower.
    package let seat: Seat?
    /// Of the block that seals this validator epoch; nil when it has no end.
    package let lastHeight: Height?
    let limits: Limits

    var machine: ViewMachine
    var tracker: Tracker
    var blocks: Chain
    var pacer: Pacer
    var backlog = Backlog.empty
    /// The certificate that ended the view before the current one.
    var entry: Certificate?
    /// The highest view this validator ever signed in, and its votes above the last finalised one.
    var watermark: View
    var ownVotes: [Vote]
    /// Set once signing would be dangerous; never cleared.
    package private(set) var isMuted = false
    /// The current view has something to decide even if nothing is pending here.
    var isStirred = false
    /// As leader: the block of this view was ordered.
    var hasOrdered = false
    var ownProposal: Block?
    /// Fetches that are out, and how often each was asked.
    var fetches: [CatchUpRequest: Int] = [:]
    /// The question asked at the start.
    var greeting: CatchUpRequest?
    var hasReportedRejection = false

    /// - Parameters:
    ///   - seat: this validator's place in `validators`, nil for a follower.
    ///   - lastHeight: where the validator epoch of `validators` ends; the restored head lies below.
    ///   - isMuted: the engine of the epoch before had reason to sign nothing any more.
    package init(
        chain: ChainID, validators: ValidatorSet, lastHeight: Height? = nil, seat: Seat?, restored: Restored,
        isMuted: Bool = false, pace: Pace = Pace(), limits: Limits = Limits()
    ) {
        self.chain = chain
        self.validators = validators
        self.lastHeight = lastHeight
        self.seat = seat
        self.limits = limits
        self.isMuted = isMuted
        // S-14: what the disk still has of the epoch before binds nobody here.
        let certificates = restored.certificates.filter { $0.ballot.epoch == validators.epoch }
        let certified = certificates.map(\.view.next).max() ?? .zero
        let view = max(restored.head.block.view.next, restored.votes.watermark, certified)
        watermark = restored.votes.watermark
        ownVotes = restored.votes.compacted(finalised: restored.head.block.view).suffix(limits.ownVotesMax)
        machine = ViewMachine(epoch: validators.epoch, view: view, votes: restored.votes.votes)
        tracker = Tracker(validators: validators, head: restored.head, start: view, limits: limits)
        blocks = Chain(head: restored.head, lastHeight: lastHeight, limits: limits)
        pacer = Pacer(pace: pace)
        for certificate in certificates.sorted(by: { $0.view < $1.view }) {
            _ = tracker.add(certificate)
            if certificate.view.next == view { entry = certificate }
            if certificate.kind == .finalize { _ = blocks.add(target: certificate) }
        }
        if entry == nil { entry = restored.head.finalization }
        for block in restored.blocks.sorted(by: { $0.view < $1.view }) where block.header.epoch == validators.epoch {
            if blocks.add(block), block.view == view, block.header.proposer == seat.flatMap({ validators[$0] })?.id {
                ownProposal = block
            }
        }
    }

    /// The view this validator is in.
    package var view: View { machine.view }
    /// Whether this block is held: it is above the last finalised one and may be needed.
    package func holds(_ block: Digest) -> Bool { blocks.block(block) != nil }
    /// The validator epoch is over: this engine does nothing any more (S-13).
    package var isSealed: Bool { blocks.isSealed }
    /// The last finalised block.
    package var head: FinalisedHead { blocks.head }
    /// Who leads the current view.
    package var leader: Seat { validators.leader(of: view) }
    /// Who has not voted in the current view, as far as is known here.
    package var missing: [Seat] { tracker.missing(in: view) }

    /// A block above the last finalised one that is held here.
    package func block(_ hash: Digest) -> Block? { blocks.block(hash) }

    /// Blocks looked at so far in order to find out what to fetch, to execute and to forget. With N blocks to catch up,
    /// in whatever order they come, it grows as N does.
    package var work: UInt64 { blocks.work }

    /// How full the tables are, for metrics and for the simulator's checks.
    package var load: Load {
        Load(
            views: tracker.viewCount, blocks: blocks.count, targets: blocks.targets.count, votes: ownVotes.count,
            fetches: fetches.count)
    }

    /// Entries in each table.
    package struct Load: Sendable, Equatable {
        package let views: Int
        package let blocks: Int
        package let targets: Int
        package let votes: Int
        package let fetches: Int
    }

    /// Takes an event. What comes back is to be done by the shell, first things first.
    package mutating func receive(_ event: Event) -> [Action] {
        guard !isSealed else { return [] }  // S-13: the next validator epoch has an engine of its own.
        var actions: [Action] = []
        switch event {
        case .started:  // S-7
            start(into: &actions)
        case .vote(let vote):  // S-4, S-5, S-6
            take(vote.value, isOwn: false, into: &actions)
        case .cast(let vote) where vote.value.ballot.epoch != validators.epoch:  // S-14: for the engine before.
            return []
        case .cast(let vote):  // S-7: durable now, so it may leave.
            ownVotes = ownVotes.suffix(limits.ownVotesMax - 1) + [vote.value]
            actions.append(.broadcast(.vote(vote.value)))
            take(vote.value, isOwn: true, into: &actions)
        case .certificate(let certificate):  // S-1
            take(certificate.value, into: &actions)
        case .block(let block):  // S-2, S-3
            take(block.value, into: &actions)
        case .built(let block):  // S-2
            takeBuilt(block.value, into: &actions)
        case .validated(let hash, let verdict):  // S-3
            takeVerdict(verdict, on: hash, into: &actions)
        case .timerFired(let timer) where pacer.fired(timer):  // S-4, S-9
            expire(timer, into: &actions)
        case .timerFired:  // S-4: of a view that was left, or stopped since.
            return []
        case .backlog(let value):  // S-9
            backlog = value
        case .certificatesRequested(let view, let peer):  // S-2: what is kept is served.
            return tracker.certificates(after: view, limit: CatchUpResponse.certificateCountMax).map {
                .send(.certificate($0), to: peer)
            }
        }
        settle(into: &actions)
        return actions
    }

    /// Whether this vote could change anything: otherwise its signature need not be checked.
    package func isNews(_ vote: Vote) -> Bool {
        guard !isSealed, vote.ballot.epoch == validators.epoch else { return false }
        return tracker.isNews(vote, in: view) || vote.ballot.kind == .nullify && vote.view < view
    }

    /// Whether this certificate could change anything.
    package func isNews(_ certificate: Certificate) -> Bool {
        !isSealed && certificate.ballot.epoch == validators.epoch && tracker.isNews(certificate)
    }

    /// Whether this block could change anything.
    package func isNews(_ block: Block) -> Bool {
        !isSealed && block.header.epoch == validators.epoch && block.view > head.block.view
            && blocks.block(block.hash) == nil
    }

    // MARK: Votes and certificates

    private mutating func take(_ vote: Vote, isOwn: Bool, into actions: inout [Action]) {
        guard vote.ballot.epoch == validators.epoch else { return }
        if !isOwn, vote.signer == seat { guardAgainst(vote.ballot, into: &actions) }
        let isLate = vote.view < view
        switch tracker.add(vote, in: view) {
        case .certified(let certificate): take(certificate, into: &actions)
        case .conflicting(let first, let second): actions.append(.report(.conflict(first, second)))
        case .counted, .nothing: break
        }
        if vote.ballot.kind == .nullify, isLate, vote.signer != seat {
            // S-1: its sender is stuck in a view that has ended.
            if let newest = tracker.finalization { actions.append(.send(.certificate(newest), to: vote.signer)) }
            if let entry, entry.kind != .finalize { actions.append(.send(.certificate(entry), to: vote.signer)) }
        }
        join(into: &actions)
    }

    /// S-4: when f + 1 gave up, one of them is correct; nobody who has not signed finalize need hold out.
    private mutating func join(into actions: inout [Action]) {
        guard tracker.nullifyCount(in: view) > validators.faultsBorne else { return }
        isStirred = true
        sign(machine.receive(.gaveUp), into: &actions)
    }

    private mutating func take(_ certificate: Certificate, into actions: inout [Action]) {
        switch tracker.add(certificate) {
        case .known:  // S-1: nothing new.
            return
        case .contradicts(let other):  // S-6: more than f lie; every further signature could make it worse.
            mute(because: .contradiction(other, certificate), into: &actions)
            return
        case .addedOverLimit: actions.append(.report(.full(.certificates)))
        case .added: break
        }
        if let seat, certificate.signers.contains(seat) { guardAgainst(certificate.ballot, into: &actions) }
        if certificate.kind == .finalize, !blocks.add(target: certificate) { actions.append(.report(.full(.targets))) }
        if certificate.view >= view {
            actions.append(.persist(.certificate(certificate)))
            actions.append(.broadcast(.certificate(certificate)))
        }
        if certificate.kind == .notarize, certificate.view == view {  // S-5
            sign(machine.receive(.notarized(certificate.hash)), into: &actions)
        }
        if certificate.view >= view { enter(certificate.view.next, by: certificate, into: &actions) }
    }

    /// S-1: a view is entered by a certificate of the one before, or a later one, which is passed on.
    private mutating func enter(_ view: View, by certificate: Certificate, into actions: inout [Action]) {
        actions += pacer.left(machine.view)
        actions.append(.report(.entered(view, by: certificate.kind)))
        machine = ViewMachine(epoch: validators.epoch, view: view)
        entry = certificate
        isStirred = false
        hasOrdered = false
        ownProposal = nil
        tracker.entered(view)
        join(into: &actions)
    }

    // MARK: Blocks

    private mutating func take(_ block: Block, into actions: inout [Action]) {
        guard block.header.epoch == validators.epoch, block.view > head.block.view, block.header.isSound(in: chain),
            validators[validators.leader(of: block.view)]?.id == block.header.proposer, isFounded(block)
        else { return }
        for certificate in block.header.justification.certificates { take(certificate, into: &actions) }
        let isCurrent = block.view == view && !machine.hasProposal
        guard isCurrent || isWanted(block) else { return }
        if blocks.block(block.hash) == nil, !blocks.add(block) {
            actions.append(.report(.full(.blocks)))
            return
        }
        fetches[.block(block.hash)] = nil
        if isCurrent {
            isStirred = true
            sign(machine.receive(.proposed(block.hash)), into: &actions)
        }
    }

    /// S-14: on a certificate of the epoch before stands the first block of this one, and nothing but.
    private func isFounded(_ block: Block) -> Bool {
        let justification = block.header.justification
        guard let parent = justification.parent, parent.ballot.epoch != validators.epoch else { return true }
        return block.header.parent == head.block && justification.echo.map { $0.record == head.record } ?? true
    }

    /// Certified, or fetched because something stands on it.
    private func isWanted(_ block: Block) -> Bool {
        tracker.notarization(of: block.view)?.hash == block.hash || fetches[.block(block.hash)] != nil
            || fetches[.finalised(after: head.height)] != nil
            || blocks.targets.contains { $0.hash == block.hash }
    }

    private mutating func takeBuilt(_ block: Block, into actions: inout [Action]) {
        // S-3: of a view that was left, or beside a proposal that was sent before a restart.
        guard block.header.epoch == validators.epoch, block.view == view, hasOrdered, !machine.hasProposal,
            let height = blocks.height(above: block.header.parent.hash), blocks.built(block, height: height)
        else { return }
        ownProposal = block
        isStirred = true
        // The proposal may leave before it is durable: a leader that crashes now and proposes again breaks no promise,
        // since only its notarize is one.
        backlog = Backlog(hasUnfinalised: backlog.hasUnfinalised, hasUnproposed: false)
        if !isMuted { actions.append(.broadcast(.proposal(block))) }
        _ = machine.receive(.proposed(block.hash))
        sign(machine.receive(.judged(block.hash, .valid)), carrying: block, into: &actions)
    }

    private mutating func takeVerdict(_ verdict: Verdict, on hash: Digest, into actions: inout [Action]) {
        guard blocks.judged(hash, verdict), let block = blocks.block(hash) else { return }
        if verdict == .invalid { actions.append(.report(.invalidBlock(block.reference))) }
    }

    // MARK: Signing

    /// S-7: the block's body, then the ballot; both durable before the vote leaves.
    mutating func sign(_ ballot: Ballot?, carrying block: Block? = nil, into actions: inout [Action]) {
        guard let ballot, seat != nil, !isMuted else { return }
        watermark = max(watermark, ballot.view)
        if let block { actions.append(.persist(.block(block))) }
        actions.append(.cast(ballot))
    }

    /// S-7: the own key has signed this; if the guard does not know it, the guard is not this validator's memory.
    private mutating func guardAgainst(_ ballot: Ballot, into actions: inout [Action]) {
        let isForgotten = ballot.view > watermark || ballot.view == view && !machine.signed.holds(ballot)
        guard isForgotten else { return }
        mute(because: .guardBehind(ballot), into: &actions)
    }

    mutating func mute(because notice: Notice, into actions: inout [Action]) {
        guard !isMuted else { return }
        isMuted = true
        actions.append(.report(notice))
    }

    /// S-7: what was signed is said again, byte for byte.
    private mutating func start(into actions: inout [Action]) {
        if let seat, let finalization = head.finalization, finalization.ballot.epoch == validators.epoch,
            finalization.signers.contains(seat)
        {
            guardAgainst(finalization.ballot, into: &actions)
        }
        isStirred = !machine.signed.isEmpty
        if !isMuted { actions += ownVotes.filter { $0.view > head.block.view }.map { .broadcast(.vote($0)) } }
        if !isMuted, let ownProposal { actions.append(.broadcast(.proposal(ownProposal))) }
        if let ownProposal, !machine.hasProposal { _ = machine.receive(.proposed(ownProposal.hash)) }
        // Only now are they counted: a lone validator's vote is a certificate, and was perhaps not taken as one before.
        for vote in ownVotes { take(vote, isOwn: true, into: &actions) }
        greeting = .certificates(after: head.block.view, epoch: validators.epoch)
        if let greeting {
            fetches[greeting] = 1
            actions += ask(greeting, attempt: 1)
        }
        join(into: &actions)
    }
}
