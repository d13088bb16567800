package import Consensus
package import Primitives
import Wire

/// What must never happen. The first violation of a run is kept.
package enum Violation: Error, Sendable, Equatable {
    /// Two correct validators finalised different blocks at one height.
    case disagreement(Height)
    /// A correct validator finalised or notarized a block in another validator epoch than its height has.
    case wrongEpoch(View)
    /// A finalised block does not stand on the one before, or its justification is short.
    case brokenGrowth(View)
    /// A correct validator finalised or notarized a block that is invalid.
    case invalidBlock(View)
    /// Too few correct validators hold a finalised body durably.
    case lostBody(View)
    /// A correct validator signed two ballots that exclude each other.
    case selfConflict(Seat, View)
    /// A correct validator passed on a certificate without a quorum of genuine signatures.
    case forgedCertificate(View)
    /// One view has both a finalization and a nullification.
    case finalisedAndNullified(View)
    /// A correct validator was accused.
    case falseAccusation(Seat)
    /// A correct validator, by its number, stopped signing.
    case muted(Seat)
    /// A table of a validator, by its number, outgrew its limit.
    case overflow(Seat)
    /// After the faults ended, not everything became final in time.
    case noProgress(finalised: Int, expected: Int)
}

/// Watches every message of correct validators and every commit.
package struct Checkers<Ledger: SimulatedLedger>: Sendable {
    package private(set) var violation: Violation?
    /// The finalised blocks by height; height 1 first.
    package private(set) var canonical: [Block] = []

    private let chain: ChainID
    private let roster: Roster
    private let isCorrect: [Bool]
    private var signed: [Turn: [[Ballot]]] = [:]
    private var known: [Digest: Block] = [:]
    /// Of the known blocks; an echo has its parent's.
    private var heights: [Digest: Height]
    private var finalised: Set<Turn> = []
    private var nullified: Set<Turn> = []

    /// A view of a validator epoch: epochs may overlap in views.
    private struct Turn: Hashable, Sendable {
        let epoch: ValidatorEpoch
        let view: View

        init(_ ballot: Ballot) { (epoch, view) = (ballot.epoch, ballot.view) }
    }

    init(chain: ChainID, roster: Roster, isCorrect: [Bool]) {
        self.chain = chain
        self.roster = roster
        self.isCorrect = isCorrect
        heights = [Digest(raw: chain.raw): .zero]
    }

    /// A block of whomever came into being.
    mutating func note(_ block: Block) {
        known[block.hash] = block
        let parent = heights[block.header.parent.hash] ?? .zero
        heights[block.hash] = block.proposal.body.isEmpty ? parent : parent.next
    }

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
        guard let block = known[vote.ballot.hash], block.header.isSound(in: chain) else {
            return fail(.brokenGrowth(vote.view))
        }
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
        guard SimulatedSigner.isGenuine(certificate, quorum: roster.quorum(of: certificate.ballot.epoch)) else {
            return fail(.forgedCertificate(certificate.view))
        }
        switch certificate.kind {
        case .notarize: return
        case .nullify: nullified.insert(Turn(certificate.ballot))
        case .finalize: finalised.insert(Turn(certificate.ballot))
        }
        if finalised.contains(Turn(certificate.ballot)), nullified.contains(Turn(certificate.ballot)) {
            fail(.finalisedAndNullified(certificate.view))
        }
    }

    /// A correct validator finalised `blocks`, the first at `height`.
    mutating func committed(_ blocks: [Block], from height: Height, isDurable: (Digest) -> Bool) {
        for (offset, block) in blocks.enumerated() {
            let index = Int(height.rawValue) - 1 + offset
            if index < canonical.count {
                if canonical[index].hash != block.hash { fail(.disagreement(Height(UInt64(index + 1)))) }
                continue
            }
            let parent = canonical.last?.reference ?? .genesis(of: chain)
            if block.header.parent != parent || !block.header.isSound(in: chain) { fail(.brokenGrowth(block.view)) }
            if !isInItsEpoch(block) || block.proposal.body.isEmpty { fail(.wrongEpoch(block.view)) }
            if !Ledger.isValid(block, after: canonical.last, chain: chain) { fail(.invalidBlock(block.view)) }
            if !isDurable(block.hash) { fail(.lostBody(block.view)) }
            canonical.append(block)
        }
    }

    mutating func reported(_ notice: Engine.Notice, by member: Int) {
        switch notice {
        case .conflict(let vote, _): if isCorrect(vote) { fail(.falseAccusation(vote.signer)) }
        case .guardBehind, .contradiction, .invalidFinalised: fail(.muted(Seat(member)))
        case .entered, .invalidBlock, .stalled, .full: break
        }
    }

    mutating func measured(_ load: Engine.Load, limits: Limits, member: Int) {
        if load.blocks > limits.blocksMax || load.targets > limits.targetsMax || load.votes > limits.ownVotesMax
            || load.views > limits.certifiedViewsMax + 1
        {
            fail(.overflow(Seat(member)))
        }
    }

    mutating func fail(_ violation: Violation) {
        if self.violation == nil { self.violation = violation }
    }
}
