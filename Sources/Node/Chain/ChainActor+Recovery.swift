import Consensus
import Crypto
import Ledger
import Primitives
import Wire

/// The day the quorum was lost for good: a document that operators signed ends a validator epoch in place of its
/// validators. It is handed to a stopped node, or comes with the first block of the new epoch.
extension ChainActor {
    /// What a block on `parent` must carry.
    func recovery(on parent: LedgerTip) -> Verified<RecoveryDocument>? {
        recovery.flatMap { $0.value.statement.follows(parent) ? $0 : nil }
    }

    /// S-16: what a block carries, if that is what it must. Of the operators' signatures another choice may stand there
    /// than in the document that this node knows.
    func recovery(in content: LedgerBlock, on parent: LedgerTip) throws(BlockFault) -> Verified<RecoveryDocument>? {
        guard content.recovery?.statement == recovery(on: parent)?.value.statement else { throw .otherRecord }
        guard let carried = content.recovery else { return nil }
        guard let verified = SignatureVerifier().verified(carried, in: rules.chain) else { throw .otherRecord }
        return verified
    }

    /// S-16: whether a block of the next validator epoch stands on the own head by a document that holds; then this
    /// node is in that epoch afterwards.
    func followRecovery(_ proposal: Proposal) {
        let header = proposal.header
        guard header.epoch == validators.epoch.next, let height = try? store.height(ofBlock: header.parent.hash),
            let document = (try? LedgerBlock(decoding: proposal.body))?.recovery,
            document.statement.list.epoch == header.epoch
        else { return }
        guard height == tip.record.height else { return notice(document, below: height) }
        do throws(RecoveryRefusal) {
            try store.recover(by: document, rules)
        } catch {
            if case .store(let error) = error { return fail(error) }
            return log(
                .warning, "recovery_refused",
                ["height": .counter(height), "why": .word(String(describing: error))])
        }
        log(
            .warning, "recovered",
            ["height": .counter(height), "signatures": .count(document.signatures.count)])
        beginEpoch()
        let waiting = events
        events = []
        for event in waiting { handle(event) }
    }

    /// The others went on below what is final here: two ledgers, and only the operators can say which one counts.
    private func notice(_ document: RecoveryDocument, below height: Height) {
        guard !hasNoticedRecovery, document.statement.height == height, document.statement.chain == rules.chain,
            RuleBook.fault(of: document, by: rules.genesis.operators, on: rules.chain) == nil,
            SignatureVerifier().verified(document, in: rules.chain) != nil
        else { return }
        hasNoticedRecovery = true
        log(.error, "recovered_below_own_head", ["height": .counter(height), "head": .counter(tip.record.height)])
    }
}
