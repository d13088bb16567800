import Consensus
import Crypto
import Ledger
import Primitives
import Wire

/// From one validator epoch to the next: the last record names the set that takes over.
extension ChainVerifier {
    /// Before a block is checked: whose votes count for it.
    mutating func followEpoch(_ height: Height) throws(Fault) {
        isRecovered = try followRecovery(height)
        guard tip.record.endsEpoch, !isRecovered else { return }
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

    /// LG-130, LG-131: whether operators ended the epoch here, by a document that holds. Of the set that it names, the
    /// state can say more, where it is executed (LG-132).
    private mutating func followRecovery(_ height: Height) throws(Fault) -> Bool {
        func fault(_ what: String) -> Fault { Fault(height: height, what: what) }
        guard let found = try? store.recovery(above: tip) else { return false }
        guard let verified = verifier.verified(found, in: rules.chain) else {
            throw fault("a signature of the recovery document does not hold")
        }
        report.signatures += UInt64(found.signatures.count)
        if let wrong = RuleBook.fault(of: found, by: rules.genesis.operators, on: rules.chain) {
            throw fault("the recovery document may not begin a validator epoch: \(wrong)")
        }
        guard let end = try? store.epochEnd(of: tip.record.epoch), end.next == found.statement.list,
            end.height == tip.record.height, end.next.epoch == tip.record.epoch.next,
            let set = try? ValidatorSet(decoding: end.next.encoded)
        else { throw fault("the stored validators are not those that the recovery document names") }
        context = VotingContext(chain: rules.chain, sets: [set, validators])
        validators = set
        recovery = verified
        report.handovers += 1
        report.recoveries += 1
        return true
    }

    /// That the block is of the epoch of its height, and the first of one stands on what sealed the epoch before
    /// (S-14).
    mutating func checkEpoch(of header: EngineHeader, _ height: Height) throws(Fault) {
        guard header.epoch == validators.epoch else {
            throw Fault(height: height, what: "the header is of another validator epoch than its height")
        }
        let parent = header.justification.parent
        let begins = tip.record.endsEpoch || isRecovered
        guard height == Height(1) || (parent?.ballot.epoch != header.epoch) == begins else {
            throw Fault(height: height, what: "the justification is of another validator epoch than the block before")
        }
        guard let echo = header.justification.echo else { return }
        guard echo.record == tip.recordID, hash.digest(echo.encoded) == parent?.hash else {
            throw Fault(height: height, what: "the echo in the justification does not repeat the block before")
        }
    }
}
