import Primitives
import Wire

/// What follows from everything known, in the order of urgency. Run after every event; each step does nothing when
/// there is nothing to do.
extension Engine {
    mutating func settle(into actions: inout [Action]) {
        for refused in blocks.judgeEchoes() { actions.append(.report(.invalidBlock(refused))) }
        commit(into: &actions)
        guard !isSealed else { return }
        let missing = execute(into: &actions)
        vote(into: &actions)
        lead(into: &actions)
        time(into: &actions)
        fetch(missing, into: &actions)
    }

    /// S-6: a finalised block and its ancestors, in order, once all are here and executed.
    private mutating func commit(into actions: inout [Action]) {
        while let commitment = blocks.commit() {
            guard !isSealed else { return seal(commitment, into: &actions) }
            tracker.finalised(commitment.finalization)
            let (final, newest) = (head.block.view, watermark)
            ownVotes.removeAll { $0.view <= final && $0.view < newest }
            pacer.progressed()
            actions.append(.commit(commitment.blocks, finalization: commitment.finalization))
            if !commitment.dropped.isEmpty { actions.append(.drop(commitment.dropped)) }
        }
        if !hasReportedRejection, let rejected = blocks.rejectedTarget() {
            hasReportedRejection = true
            mute(because: .invalidFinalised(rejected), into: &actions)
        }
    }

    /// S-13: the validator epoch is over. Whoever missed it is told how it ended; nothing is signed in it any more.
    private mutating func seal(_ commitment: Chain.Commitment, into actions: inout [Action]) {
        ownVotes = []
        fetches = [:]
        actions.append(
            .seal(
                Seal(
                    blocks: commitment.blocks, echoes: commitment.echoes, finalization: commitment.finalization)))
        if !commitment.dropped.isEmpty { actions.append(.drop(commitment.dropped)) }
        let telling = Action.broadcast(.certificate(commitment.finalization))
        if !actions.contains(telling) { actions.append(telling) }
        actions += pacer.left(view) + pacer.cancel(.fetch)
    }

    /// Orders the execution of whatever is finalised, notarized or proposed; returns the blocks that are missing.
    private mutating func execute(into actions: inout [Action]) -> [BlockReference] {
        var goals = blocks.targets.map { BlockReference(view: $0.view, hash: $0.hash) }
        goals.append(tracker.notarized)
        if let parent = candidateBlock?.header.parent { goals.append(parent) }
        if let candidate = candidateBlock, isJustified(candidate) { goals.append(candidate.reference) }
        var missing: [BlockReference] = []
        for goal in goals {
            switch blocks.step(toward: goal) {
            case .validate(let block, let height):
                blocks.began(block.hash, height: height)
                let depth = Int(height.rawValue - head.height.rawValue)
                let check = Check(parent: block.header.parent.hash, mustBeEmpty: depth > 2 * limits.unfinalisedMax)
                actions.append(.validate(block.hash, check))
            case .missing(let reference) where !missing.contains(reference): missing.append(reference)
            case .missing, .judged, .waiting, .dead: break
            }
        }
        return missing
    }

    private var candidateBlock: Block? { machine.candidate.flatMap { blocks.block($0) } }

    /// S-2: every view between the block and its parent is known to be nullified, also those whose nullifications did
    /// not travel with it.
    private func isJustified(_ block: Block) -> Bool {
        tracker.unknownNullification(from: block.header.parent.view, to: block.view) == nil
    }

    /// S-3: the first proposal of this view, on a certified parent, justified, and executed.
    private mutating func vote(into actions: inout [Action]) {
        guard let block = candidateBlock, isJustified(block) else { return }
        switch blocks.step(toward: block.reference) {
        case .judged(let verdict):
            sign(machine.receive(.judged(block.hash, verdict)), carrying: block, into: &actions)
        case .dead: sign(machine.receive(.judged(block.hash, .invalid)), into: &actions)
        case .validate, .waiting, .missing: break
        }
    }

    /// S-2, S-9: the leader's block, as soon as there is a reason and an executed parent.
    private mutating func lead(into actions: inout [Action]) {
        guard leader == seat, !isMuted, !hasOrdered, !machine.hasProposal, let id = validators[leader]?.id else {
            return
        }
        let isSpent = pacer.isSpent(.propose(view)) || pacer.isSpent(.heartbeat(view))
        guard isSpent || backlog.hasUnproposed,
            case .found(let parent, let certificate) = tracker.parent(below: view),
            case .judged(let verdict) = blocks.step(toward: parent), verdict != .invalid,
            let depth = blocks.depth(of: parent.hash)
        else { return }
        let echoes = blocks.echoed(on: parent.hash)
        guard isSpent || echoes == nil else { return }  // S-13: the sealing block is probably about to be final.
        hasOrdered = true
        let justification = Justification(
            parent: certificate, echo: parent == head.block ? head.echo : nil,
            nullifications: tracker.carried(from: parent.view, to: view))
        actions.append(
            .propose(
                Order(
                    epoch: validators.epoch, view: view, parent: parent, justification: justification, proposer: id,
                    mustBeEmpty: depth >= limits.unfinalisedMax, echoes: echoes)))
    }

    // MARK: Time

    /// S-9: something waits for finality.
    var hasWork: Bool {
        backlog.hasUnfinalised || isStirred || tracker.notarized.view > head.block.view || !blocks.targets.isEmpty
    }

    private mutating func time(into actions: inout [Action]) {
        guard hasWork else {  // S-9: idle but for the heartbeat.
            for timer in [Timer.leader(view), .view(view), .retry(view), .propose(view)] {
                actions += pacer.cancel(timer)
            }
            actions += pacer.ensure(.heartbeat(view), after: pacer.heartbeat)
            return
        }
        actions += pacer.cancel(.heartbeat(view))
        if leader == seat, !hasOrdered, !machine.hasProposal {
            actions += pacer.ensure(.propose(view), after: pacer.delta)
        }
        if machine.signed.notarized != nil {
            actions += pacer.cancel(.leader(view))
        } else if leader != seat, !machine.hasProposal, tracker.isSilent(leader, in: view) {  // S-8
            sign(machine.receive(.gaveUp), into: &actions)
        } else {
            actions += pacer.ensure(.leader(view), after: pacer.delta * 2)
        }
        if pacer.isSpent(.view(view)) {
            actions += pacer.ensure(.retry(view), after: pacer.delta * 2)
        } else {
            actions += pacer.ensure(.view(view), after: pacer.delta * 3)
        }
    }

    mutating func expire(_ timer: Timer, into actions: inout [Action]) {
        switch timer {
        case .leader, .view:  // S-4
            if let ballot = machine.receive(.gaveUp) {
                pacer.expired()
                sign(ballot, into: &actions)
            }
        case .retry:  // S-4
            actions.append(.report(.stalled(view, missing: tracker.missing(in: view))))
            repeatEverything(into: &actions)
            actions += pacer.restart(timer, after: pacer.delta * 2)
        case .heartbeat: isStirred = true  // S-9
        case .propose: break  // S-9: `lead` sees that it is spent.
        case .fetch: askAgain(into: &actions)
        }
    }

    /// S-4: own votes of the views that are not final, the last certificates, the own proposal, own transactions.
    private func repeatEverything(into actions: inout [Action]) {
        // S-14: at the beginning of a validator epoch, the one that sealed the epoch before.
        if let newest = tracker.finalization ?? head.finalization { actions.append(.broadcast(.certificate(newest))) }
        if let entry, entry.kind != .finalize { actions.append(.broadcast(.certificate(entry))) }
        guard !isMuted else { return }
        let recent = ownVotes.filter { $0.view > head.block.view }.suffix(16)
        actions += recent.map { .broadcast(.vote($0)) }
        if let ownProposal { actions.append(.broadcast(.proposal(ownProposal))) }
        actions.append(.resendTransactions)
    }

    // MARK: Catch-up

    /// Keeps the set of open questions equal to what is missing now.
    private mutating func fetch(_ missing: [BlockReference], into actions: inout [Action]) {
        var wanted: Set<CatchUpRequest> = []
        for block in missing {
            let isFar = block.view.rawValue > head.block.view.rawValue + UInt64(CatchUpResponse.proposalCountMax)
            let isFinal = block.view <= blocks.targets.last?.view ?? .zero
            wanted.insert(isFar && isFinal ? .finalised(after: head.height) : .block(block.hash))
            if isFar { wanted.insert(.block(block.hash)) }
        }
        if let candidate = candidateBlock,
            let view = tracker.unknownNullification(from: candidate.header.parent.view, to: candidate.view)
        {
            wanted.insert(.certificates(after: lowestUnknown(below: view), epoch: validators.epoch))
        }
        if leader == seat, !hasOrdered, case .unknown(let view) = tracker.parent(below: view) {
            wanted.insert(.certificates(after: lowestUnknown(below: view), epoch: validators.epoch))
        }
        if let greeting, fetches[greeting] != nil { wanted.insert(greeting) }
        for request in fetches.keys where !wanted.contains(request) { fetches[request] = nil }
        for request in wanted.sorted(by: { $0.rank < $1.rank }) where fetches[request] == nil {
            // A block that was just certified is probably on its way: it is asked for when the timer fires.
            if case .block(let hash) = request, missing.contains(where: { $0.hash == hash && $0.view.next >= view }) {
                fetches[request] = 0
            } else {
                fetches[request] = 1
                actions += ask(request, attempt: 1)
            }
        }
        if fetches.isEmpty {
            actions += pacer.cancel(.fetch)
        } else if !pacer.isRunning(.fetch) {
            actions += pacer.restart(.fetch, after: pacer.delta)
        }
    }

    /// A response is cut at its limit and starts with the oldest: so ask from the lowest view that may be unknown.
    private func lowestUnknown(below view: View) -> View {
        max(head.block.view, View(view.rawValue - min(view.rawValue, 16)))
    }

    private mutating func askAgain(into actions: inout [Action]) {
        for (request, attempt) in fetches.sorted(by: { $0.key.rank < $1.key.rank }) {
            // The question at the start goes to each peer once.
            if request == greeting, attempt + 1 >= validators.count {
                fetches[request] = nil
                continue
            }
            fetches[request] = attempt + 1
            actions += ask(request, attempt: attempt + 1)
        }
    }

    /// The peers take turns.
    func ask(_ request: CatchUpRequest, attempt: Int) -> [Action] {
        let own = seat?.index ?? validators.count
        let others = (0..<validators.count).filter { $0 != own }
        guard !others.isEmpty else { return [] }
        return [.fetch(request, from: Seat(others[(own + attempt) % others.count]))]
    }
}

extension CatchUpRequest {
    /// An order that does not change from run to run.
    fileprivate struct Rank: Comparable {
        let kind: Int
        let number: UInt64
        let hash: Digest

        static func < (left: Rank, right: Rank) -> Bool {
            (left.kind, left.number, left.hash) < (right.kind, right.number, right.hash)
        }
    }

    fileprivate var rank: Rank {
        switch self {
        case .certificates(let view, _): Rank(kind: 0, number: view.rawValue, hash: .zero)
        case .finalised(let height): Rank(kind: 1, number: height.rawValue, hash: .zero)
        case .block(let hash): Rank(kind: 2, number: 0, hash: hash)
        }
    }
}
