package import Consensus
internal import Crypto
import Primitives
import Wire

/// Watches every message of correct validators, every commit and every restart. The first violation of a run is kept.
package struct Checkers<Ledger: SimulatedLedger>: Sendable {
    package private(set) var violation: Violation?
    /// The finalised blocks by height; height 1 first.
    package private(set) var canonical: [Block] = []
    /// Evidence that correct validators reported against others.
    package private(set) var accusationCount = 0

    private let chain: ChainID
    private let roster: Roster
    private let isCorrect: [Bool]
    private var signed: [Turn: [[Ballot]]] = [:]
    private var known: [Digest: Block] = [:]
    /// Of the known blocks; an echo has its parent's.
    private var heights: [Digest: Height]
    private var finalised: Set<Turn> = []
    private var nullified: Set<Turn> = []
    private var admitted: Set<UInt64> = []
    private var spent: Set<UInt64> = []
    /// By height, from genesis: what is exported up to there, and the state.
    private var exports: [Digest]
    private var states: [Height: Digest] = [:]

    /// A view of a validator epoch: epochs may overlap in views.
    private struct Turn: Hashable, Sendable {
        let epoch: ValidatorEpoch
        let view: View

        init(_ ballot: Ballot) { (epoch, view) = (ballot.epoch, ballot.view) }
    }

    init(chain: ChainID, roster: Roster, isCorrect: [Bool]) {
        self.chain = chain
        self.roster = roster
        heights = [Digest(raw: chain.raw): .zero]
        self.isCorrect = isCorrect
        exports = [Digest(raw: chain.raw)]
    }

    /// A block of whomever came into being.
    mutating func note(_ block: Block) {
        known[block.hash] = block
        let parent = heights[block.header.parent.hash] ?? .zero
        heights[block.hash] = block.proposal.body.isEmpty ? parent : parent.next
    }

    /// A client brought this.
    mutating func admit(_ transaction: UInt64) { admitted.insert(transaction) }

    /// What a member exports that has exported `before` and now adds these blocks.
    static func export(_ blocks: [Block], after before: Digest) -> Digest {
        blocks.reduce(before) { SHA256.hash($0.raw.bytes + $1.proposal.encoded) }
    }

    // MARK: Messages

    private func isCorrect(_ vote: Vote) -> Bool {
        roster.member(at: vote.signer, in: vote.ballot.epoch).map { isCorrect[$0] } ?? false
    }

    mutating func sent(_ vote: Vote) {
        guard isCorrect(vote) else { return }
        let empty = Array(repeating: [Ballot](), count: isCorrect.count)
        let turn = Turn(vote.ballot)
        let before = signed[turn, default: empty][vote.signer.index]
        guard !before.contains(vote.ballot) else { return }
        if before.contains(where: { $0.conflicts(with: vote.ballot) }) {
            fail(.selfConflict(vote.signer, vote.view))
        }
        signed[turn, default: empty][vote.signer.index].append(vote.ballot)
        guard vote.ballot.kind == .notarize else { return }
        guard let block = known[vote.ballot.hash], isGrown(block) else { return fail(.brokenGrowth(vote.view)) }
        if !roster.isLeaders(block.header) { fail(.foreignLeader(vote.view)) }
        if !isInItsEpoch(block) { fail(.wrongEpoch(vote.view)) }
        let parent = known[block.header.parent.hash]
        if block.proposal.body.isEmpty {
            if parent?.header.record != block.header.record { fail(.invalidBlock(vote.view)) }
        } else if !Ledger.isValid(block, after: parent, chain: chain) {
            fail(.invalidBlock(vote.view))
        }
    }

    /// An echo must stand on the last block of its validator epoch, and nothing else may.
    private func isInItsEpoch(_ block: Block) -> Bool {
        guard let height = heights[block.hash], let below = height.previous,
            roster.epoch(above: below) == block.header.epoch
        else { return false }
        return !block.proposal.body.isEmpty || roster.lastHeight(of: block.header.epoch) == height
    }

    /// A certificate that a correct validator made or passed on.
    mutating func sent(_ certificate: Certificate) {
        guard isGenuine(certificate) else { return fail(.forgedCertificate(certificate.view)) }
        let turn = Turn(certificate.ballot)
        switch certificate.kind {
        case .notarize: return
        case .nullify: nullified.insert(turn)
        case .finalize: finalised.insert(turn)
        }
        if finalised.contains(turn), nullified.contains(turn) { fail(.finalisedAndNullified(certificate.view)) }
    }

    private func isGenuine(_ certificate: Certificate) -> Bool {
        SimulatedSigner.isGenuine(certificate, quorum: roster.quorum(of: certificate.ballot.epoch))
    }

    mutating func reported(_ notice: Engine.Notice, by member: Int) {
        switch notice {
        case .conflict(let vote, _):
            if isCorrect(vote) { fail(.falseAccusation(vote.signer)) } else { accusationCount += 1 }
        case .guardBehind, .contradiction, .invalidFinalised: fail(.muted(Seat(member)))
        case .entered, .invalidBlock, .stalled, .full: break
        }
    }

    // MARK: Finality

    /// A correct validator finalised `blocks`, the first at `height`, with the echoes above them, and has now this
    /// state and this export.
    mutating func committed(
        _ blocks: [Block], echoes: [Block], from height: Height, by finalization: Certificate, state: Digest,
        export: Digest, isDurable: (Digest) -> Bool
    ) {
        if finalization.kind != .finalize || finalization.hash != (echoes.last ?? blocks.last)?.hash
            || finalization.ballot.epoch != blocks.last?.header.epoch || !isGenuine(finalization)
        {
            fail(.forgedCertificate(finalization.view))
        }
        for (below, echo) in zip(blocks.suffix(1) + echoes, echoes) where !isEcho(echo, on: below) {
            fail(.brokenGrowth(echo.view))
        }
        for (offset, block) in blocks.enumerated() {
            let index = Int(height.rawValue) - 1 + offset
            guard index >= canonical.count else {
                if canonical[index].hash != block.hash { fail(.disagreement(Height(UInt64(index + 1)))) }
                continue
            }
            if index > canonical.count { return fail(.brokenGrowth(block.view)) }
            extend(with: block)
            if !isDurable(block.hash) { fail(.lostBody(block.view)) }
        }
        let top = Height(height.rawValue - 1 + UInt64(blocks.count))
        compare(state: state, export: export, at: top)
    }

    private func isEcho(_ block: Block, on parent: Block) -> Bool {
        block.header.parent == parent.reference && block.header.record == parent.header.record && isGrown(block)
            && isInItsEpoch(block)
    }

    private mutating func extend(with block: Block) {
        let parent = canonical.last?.reference ?? .genesis(of: chain)
        if block.header.parent != parent || !isGrown(block) { fail(.brokenGrowth(block.view)) }
        if !isInItsEpoch(block) || block.proposal.body.isEmpty { fail(.wrongEpoch(block.view)) }
        if !Ledger.isValid(block, after: canonical.last, chain: chain) { fail(.invalidBlock(block.view)) }
        for transaction in Ledger.transactions(of: block) {
            if !admitted.contains(transaction) { fail(.inventedTransaction(block.view)) }
            if !spent.insert(transaction).inserted { fail(.repeatedTransaction(block.view)) }
        }
        let before = exports[exports.count - 1]
        exports.append(Self.export([block], after: before))
        canonical.append(block)
    }

    /// A correct validator started again and found this.
    mutating func restored(
        _ head: FinalisedHead, by member: Int, committed: Height, state: Digest, export: Digest, isDamaged: Bool
    ) {
        if isDamaged { fail(.ignoredDamage(Seat(member))) }
        if head.height < committed { return fail(.lostCommit(Seat(member), committed)) }
        compare(state: state, export: export, at: head.height)
    }

    private mutating func compare(state: Digest, export: Digest, at height: Height) {
        guard Int(height.rawValue) < exports.count else { return fail(.disagreement(height)) }
        if exports[Int(height.rawValue)] != export { fail(.differentExport(height)) }
        if states[height, default: state] != state { fail(.differentState(height)) }
        states[height] = state
    }

    /// Every certificate that a block carries is there, is of the right view, and is genuine.
    private func isGrown(_ block: Block) -> Bool {
        block.header.isSound(in: chain)
            && block.header.justification.certificates.allSatisfy { isGenuine($0) }
    }

    // MARK: Tables

    mutating func measured(_ load: Engine.Load, pendingCount: Int, limits: Limits, member: Int) {
        let requestsMax = 2 * limits.targetsMax + 16
        if load.blocks > limits.blocksMax || load.targets > limits.targetsMax || load.votes > limits.ownVotesMax
            || load.views > limits.certifiedViewsMax + 1 || load.fetches > requestsMax
            || pendingCount > Ledger.pendingMax
        {
            fail(.overflow(Seat(member)))
        }
    }

    mutating func fail(_ violation: Violation) {
        if self.violation == nil { self.violation = violation }
    }
}
