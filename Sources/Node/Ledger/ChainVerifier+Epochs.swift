import Consensus
import Crypto
import Ledger
import Primitives
import Wire

/// From one validator epoch to the next: the last record names the set that takes over.
extension ChainVerifier {
    /// Before a block is checked: whose votes count for it.
    mutating func followEpoch(_ height: Height) throws(Fault) {
        guard tip.record.endsEpoch else { return }
        guard let end = try? store.epochEnd(of: tip.record.epoch), end.height == tip.record.height,
            hash.digest(end.next.encoded) == tip.record.nextValidatorSet,
            let set = try? ValidatorSet(decoding: end.next.encoded), set.epoch == tip.record.epoch.next
        else {
            throw Fault(height: height, what: "the stored validators are not those that the record before names")
        }
        context = VotingContext(chain: rules.chain, sets: [set, validators])
        validators = set
        report.handovers += 1
    }

    /// That the block is of the epoch of its height, and the first of one stands on what sealed the epoch before
    /// (S-14).
    mutating func checkEpoch(of header: EngineHeader, _ height: Height) throws(Fault) {
        guard header.epoch == validators.epoch else {
            throw Fault(height: height, what: "the header is of another validator epoch than its height")
        }
        let parent = header.justification.parent
        guard height == Height(1) || (parent?.ballot.epoch != header.epoch) == tip.record.endsEpoch else {
            throw Fault(height: height, what: "the justification is of another validator epoch than the block before")
        }
        guard let echo = header.justification.echo else { return }
        guard echo.record == tip.recordID, hash.digest(echo.encoded) == parent?.hash else {
            throw Fault(height: height, what: "the echo in the justification does not repeat the block before")
        }
    }
}
