import Consensus
package import Ledger
import Primitives
import Wire

/// Two signatures of one validator that exclude each other become evidence, for whoever can put it on the ledger.
extension ChainActor {
    /// Calls `handler` with evidence as it is found, on the chain's thread, once for a validator and validator epoch.
    package func setEvidenceHandler(_ handler: @escaping @Sendable (Evidence) -> Void) { onEvidence = handler }

    /// Hands over what two votes of one seat prove.
    func accuse(_ first: Vote, _ second: Vote) {
        guard first.signer == second.signer else { return }
        accuse(first.signer, (first.ballot, first.signature), (second.ballot, second.signature))
    }

    /// Hands over what two certificates of one view prove of each validator that signed both: more than may fail.
    func accuse(_ first: Certificate, _ second: Certificate) {
        let others = zip(second.signers.seats, second.signatures)
        let signatures = Dictionary(others.map { ($0, $1) }) { one, _ in one }
        for (seat, signature) in zip(first.signers.seats, first.signatures) {
            guard let other = signatures[seat] else { continue }
            accuse(seat, (first.ballot, signature), (second.ballot, other))
        }
    }

    private func accuse(_ seat: Seat, _ first: (Ballot, Signature), _ second: (Ballot, Signature)) {
        let epoch = first.0.epoch
        guard let key = context.validators(of: epoch)?[seat]?.key, accused[key] != epoch,
            let evidence = Evidence(
                key: key, chain: rules.chain, epoch: epoch, view: first.0.view,
                Evidence.SignedBallot(first.0, signature: first.1),
                Evidence.SignedBallot(second.0, signature: second.1))
        else { return }
        accused[key] = epoch
        onEvidence?(evidence)
    }
}

extension NodeRuntime {
    /// Puts evidence on the ledger: tries again until it stands there, whoever brought it.
    func submit(_ evidence: Evidence) async {
        for _ in 0..<60 where !Task.isCancelled {
            switch await post(.evidence(evidence)) {
            case .succeeded, .failed(.evidenceKnown): return log(.info, "evidence_recorded", ["key": .id(evidence.key)])
            case .failed(.evidenceUnfounded): return log(.warning, "evidence_refused", ["key": .id(evidence.key)])
            default: try? await Task.sleep(for: .seconds(1))
            }
        }
        log(.error, "evidence_not_recorded", ["key": .id(evidence.key)])
    }
}
