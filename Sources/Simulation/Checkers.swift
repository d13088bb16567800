package import Consensus
package import Primitives
import Wire

/// What must never happen. The first violation of a run is kept.
package enum Violation: Error, Sendable, Equatable {
    /// Two correct validators finalised different blocks at one height.
    case disagreement(Height)
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
    /// A correct validator stopped signing.
    case muted(Seat)
    /// A table outgrew its limit.
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
    private let validators: ValidatorSet
    private let isCorrect: [Bool]
    private var signed: [View: [[Ballot]]] = [:]
    private var known: [Digest: Block] = [:]
    private var finalised: Set<View> = []
    private var nullified: Set<View> = []

    init(chain: ChainID, validators: ValidatorSet, isCorrect: [Bool]) {
        self.chain = chain
        self.validators = validators
        self.isCorrect = isCorrect
    }

    /// A block of whomever came into being.
    mutating func note(_ block: Block) { known[block.hash] = block }

    mutating func sent(_ vote: Vote) {
        guard isCorrect[vote.signer.index] else { return }
        let empty = Array(repeating: [Ballot](), count: validators.count)
        let before = signed[vote.view, default: empty][vote.signer.index]
        guard !before.contains(vote.ballot) else { return }
        if before.contains(where: { $0.conflicts(with: vote.ballot) }) {
            fail(.selfConflict(vote.signer, vote.view))
        }
        signed[vote.view, default: empty][vote.signer.index].append(vote.ballot)
        guard vote.ballot.kind == .notarize else { return }
        guard let block = known[vote.ballot.hash], block.header.isSound(in: chain) else {
            return fail(.brokenGrowth(vote.view))
        }
        let parent = known[block.header.parent.hash]
        if !Ledger.isValid(block, after: parent, chain: chain) { fail(.invalidBlock(vote.view)) }
    }

    /// A certificate that a correct validator made or passed on.
    mutating func sent(_ certificate: Certificate) {
        guard SimulatedSigner.isGenuine(certificate, quorum: validators.quorum) else {
            return fail(.forgedCertificate(certificate.view))
        }
        switch certificate.kind {
        case .notarize: return
        case .nullify: nullified.insert(certificate.view)
        case .finalize: finalised.insert(certificate.view)
        }
        if finalised.contains(certificate.view), nullified.contains(certificate.view) {
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
            if !Ledger.isValid(block, after: canonical.last, chain: chain) { fail(.invalidBlock(block.view)) }
            if !isDurable(block.hash) { fail(.lostBody(block.view)) }
            canonical.append(block)
        }
    }

    mutating func reported(_ notice: Engine.Notice, by seat: Seat) {
        switch notice {
        case .conflict(let vote, _): if isCorrect[vote.signer.index] { fail(.falseAccusation(vote.signer)) }
        case .guardBehind, .contradiction, .invalidFinalised: fail(.muted(seat))
        case .entered, .invalidBlock, .stalled, .full: break
        }
    }

    mutating func measured(_ load: Engine.Load, limits: Limits, seat: Seat) {
        if load.blocks > limits.blocksMax || load.targets > limits.targetsMax || load.votes > limits.ownVotesMax
            || load.views > limits.certifiedViewsMax + 1
        {
            fail(.overflow(seat))
        }
    }

    mutating func fail(_ violation: Violation) {
        if self.violation == nil { self.violation = violation }
    }
}
