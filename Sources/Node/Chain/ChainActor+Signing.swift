import Consensus
import Crypto
import EventLoop
import KeyValue
import Ledger
import Primitives
import Wire

/// Votes through a signer that may refuse, or be away for a while.
extension ChainActor {
    /// Ballots that wait for a signer, at most; the oldest go.
    static let unsignedMax = 12
    /// Until a signer that was away is asked again.
    static let signingPause = Duration.milliseconds(250)

    struct SigningState {
        /// Ballots that could not be signed yet, in the order of their casting.
        var waiting: [Ballot] = []
        var timer: TimerID?
        var fault: SigningRefusal?
    }

    /// Brings the memory of the store and of the signer together: each may have been restored without the other.
    static func remembered(
        _ restored: Restored, seat: Seat?, signer: (any VoteSigning)?, chain: ChainID, epoch: ValidatorEpoch, log: Log
    ) -> (Restored, SigningState) {
        var state = SigningState()
        guard let seat, let signer else { return (restored, state) }
        let known = restored.votes.votes.map { SigningGuard.Promise(ballot: $0.ballot, signature: $0.signature) }
        do throws(SigningRefusal) {
            let promises = try signer.promises(on: chain, knowing: known)
            let votes = restored.votes.joined(with: promises, of: seat, epoch: epoch)
            if votes.watermark > restored.votes.watermark {
                log(
                    .warning, "store_behind_signer",
                    ["store": .counter(restored.votes.watermark), "signer": .counter(votes.watermark)])
            }
            let joined = Restored(
                head: restored.head, votes: votes, certificates: restored.certificates, blocks: restored.blocks)
            return (joined, state)
        } catch {
            log(.error, "signer_memory_unknown", ["why": .word(error.word)])
            state.fault = error
            return (restored, state)
        }
    }

    /// Has ballots signed, and puts the votes into what is written next. Those that must wait come again.
    func cast(_ ballots: [Ballot], _ batch: inout WriteBatch) -> [Verified<Vote>] {
        guard let seat, let signer, !ballots.isEmpty else { return [] }
        // What waited comes first, or the signer would be past it.
        let all = takeWaiting() + ballots
        // S-7: the body first, and then the signer, which makes the vote durable. What a signer remembers is said
        // again after a power cut; a block that a quorum says so of must be on their disks, or nobody has it when it
        // is final.
        if all.contains(where: { $0.kind == .notarize }) {
            write(batch, synced: true)
            batch = WriteBatch()
            guard !isStopped else { return [] }
        }
        let preimages = all.map { $0.kind.signingKind.preimage(chain: rules.chain, body: $0.body) }
        var votes: [Verified<Vote>] = []
        for (ballot, answer) in zip(all, signer.signatures(over: preimages)) {
            switch answer {
            case .success(let signature):
                let vote = Vote(ballot: ballot, signer: seat, signature: signature)
                guard let verified = signatures.verified(vote, in: context) else {
                    refused(ballot, .keyFailed)
                    continue
                }
                store.add(vote, to: &batch)
                votes.append(verified)
            case .failure(let refusal): refused(ballot, refusal)
            }
        }
        if votes.count == all.count { signed() }
        return votes
    }

    /// The signature of an own block; nil when the leader must miss its view.
    func signature(ofProposal body: [UInt8], in view: View) -> Signature? {
        guard let signer else { return nil }
        let preimage = SigningKind.proposal.preimage(chain: rules.chain, body: body)
        switch signer.signatures(over: [preimage]).first {
        case .success(let signature)?: return signature
        case .failure(let refusal)?: report(refusal, in: view)
        case nil: break
        }
        return nil
    }

    private func takeWaiting() -> [Ballot] {
        let head = engine.head.block.view
        defer { signing.waiting = [] }
        return engine.isMuted ? [] : signing.waiting.filter { $0.view > head }
    }

    private func refused(_ ballot: Ballot, _ refusal: SigningRefusal) {
        report(refusal, in: ballot.view)
        guard refusal.isPassing else { return }
        signing.waiting = signing.waiting.suffix(Self.unsignedMax - 1) + [ballot]
        guard signing.timer == nil else { return }
        signing.timer = loop.schedule(after: Self.signingPause) { [weak self] in
            self?.assumeIsolated { $0.signAgain() }
        }
    }

    private func signAgain() {
        signing.timer = nil
        let waiting = takeWaiting()
        guard !isStopped, !waiting.isEmpty else { return }
        var batch = WriteBatch()
        let votes = cast(waiting, &batch)
        guard !votes.isEmpty else { return }
        write(batch, synced: false)
        guard !isStopped else { return }
        for vote in votes { handle(.cast(vote)) }
    }

    private func signed() {
        guard signing.fault != nil else { return }
        log(.info, "signer_back")
        signing.fault = nil
    }

    /// One line for each change, not for each vote.
    private func report(_ refusal: SigningRefusal, in view: View) {
        guard signing.fault != refusal else { return }
        signing.fault = refusal
        log(.error, "not_signed", ["view": .counter(view), "why": .word(refusal.word)])
    }
}
