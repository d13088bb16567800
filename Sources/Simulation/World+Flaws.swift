import Consensus
import Primitives
import Wire

/// The mistakes of `Flaws` that need more than one line.
extension World {
    func has(_ flaw: Flaws, _ index: Int) -> Bool {
        members[index].nature == .correct && flaws.contains(flaw)
    }

    /// What a member is given back when it starts.
    func remembered(_ memory: Restored, by index: Int) -> Restored {
        guard has(.forgottenVotes, index) else { return memory }
        let none = Guard(votes: [], of: .zero, epoch: .zero)
        return Restored(head: memory.head, votes: none, certificates: memory.certificates, blocks: memory.blocks)
    }

    mutating func expire(_ timer: Engine.Timer, of index: Int) {
        if case .retry = timer, has(.noRetry, index) { return }
        feed(.timerFired(timer), to: index)
    }

    // MARK: Checks left out

    func isBelieved(_ certificate: Certificate, by index: Int) -> Bool {
        isGenuine(certificate)
            || flaws.contains(.repeatedSigner) || flaws.contains(.smallQuorum) || has(.uncheckedCertificates, index)
    }

    func isJustificationBelieved(_ block: Block, by index: Int) -> Bool {
        if flaws.contains(.repeatedSigner) || flaws.contains(.smallQuorum) || has(.uncheckedParents, index) {
            return true
        }
        return block.header.justification.certificates.allSatisfy { isGenuine($0) }
    }

    // MARK: Votes that should not be

    mutating func misvote(on block: Block, of index: Int) {
        let validators = members[index].engine.validators
        guard !flaws.isEmpty, block.view == members[index].engine.view, block.header.epoch == validators.epoch else {
            return
        }
        let proposer = validators.seat(of: block.header.proposer)
        let isLeaders = proposer == validators.leader(of: block.view)
        let isSigned = proposer.map {
            block.proposal.signature == SimulatedSigner.signProposal(view: block.view, hash: block.hash, as: $0)
        }
        guard isSigned == true else { return }
        let isMistaken =
            isLeaders && has(.notarizeTwice, index)
            || isLeaders && has(.shortJustification, index) && !block.header.isSound(in: chain)
            || !isLeaders && has(.foreignLeader, index)
        guard isMistaken else { return }
        cast(Ballot(kind: .notarize, epoch: validators.epoch, view: block.view, hash: block.hash), of: index)
    }

    /// Counts one signer twice, or takes 2f + 1 for enough: a certificate filled up with others' names.
    mutating func miscount(_ vote: Vote, of index: Int) {
        let validators = members[index].engine.validators
        let needed: Int
        if has(.repeatedSigner, index) {
            needed = validators.quorum - 1
        } else if has(.smallQuorum, index) {
            needed = 2 * validators.faultsBorne + 1
        } else {
            return
        }
        _ = members[index].heard[vote.ballot, default: SeatSet()].insert(vote.signer)
        guard let signers = members[index].heard[vote.ballot], signers.count == needed, needed < validators.quorum
        else {
            return
        }
        var filled = signers
        for seat in 0..<validators.count where filled.count < validators.quorum { _ = filled.insert(Seat(seat)) }
        let signatures = filled.seats.map {
            SimulatedSigner.sign(vote.ballot, as: signers.contains($0) ? $0 : vote.signer)
        }
        if let forged = Certificate(ballot: vote.ballot, signers: filled, signatures: signatures) {
            feed(.certificate(Verified(unchecked: forged)), to: index)
        }
    }

    /// Makes more of a notarization than it is: a reason to finalize a view that was given up, or finality itself.
    mutating func overinterpret(_ certificate: Certificate, of index: Int) {
        guard certificate.kind == .notarize else { return }
        let final = Ballot(
            kind: .finalize, epoch: certificate.ballot.epoch, view: certificate.view, hash: certificate.hash)
        if has(.finalizeAfterNullify, index), members[index].nullified.contains(certificate.view) {
            cast(final, of: index)
        }
        if has(.hastyFinality, index),
            let raised = Certificate(ballot: final, signers: certificate.signers, signatures: certificate.signatures)
        {
            feed(.certificate(Verified(unchecked: raised)), to: index)
        }
    }
}
