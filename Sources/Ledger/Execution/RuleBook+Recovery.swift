package import Primitives
import Wire

/// Who may begin a validator epoch without validators, and with whom: clauses LG-130 to LG-133.
extension RuleBook {
    /// LG-130: what is wrong with a document whose signatures hold, as far as genesis alone can tell.
    package static func fault(
        of document: RecoveryDocument, by operators: [PublicKey], on chain: ChainID
    ) -> RecoveryFault? {
        guard document.statement.chain == chain else { return .otherChain }
        guard !operators.isEmpty else { return .noOperators }
        if let stranger = document.signatures.first(where: { !operators.contains($0.key) }) {
            return .notOperator(stranger.key)
        }
        let needed = RecoveryDocument.signaturesNeeded(of: operators.count)
        guard document.signatures.count >= needed else {
            return .tooFewSignatures(have: document.signatures.count, needed: needed)
        }
        return nil
    }

    /// What is wrong with a statement about the ledger at `tip`, whose state is `view`; nil when it may be signed.
    package func fault(
        of statement: RecoveryStatement, on tip: LedgerTip, over view: any StateView
    ) throws(StateError) -> RecoveryFault? {
        // LG-131
        guard statement.chain == chain else { return .otherChain }
        guard statement.height == tip.record.height else { return .otherHeight(tip.record.height) }
        guard statement.record == tip.recordID else { return .otherRecord }
        guard statement.list.epoch == tip.record.epoch.next else { return .otherEpoch(tip.record.epoch.next) }
        // LG-132
        let entries = statement.list.entries
        let limits = try Self.limits(after: tip, from: view)
        guard UInt64(entries.count) >= limits.validatorsMin, UInt64(entries.count) <= limits.validators else {
            return .setSize(least: limits.validatorsMin, most: limits.validators)
        }
        guard Set(entries.map(\.key)).count == entries.count else { return .repeatedKey }
        for entry in entries {
            let key = StateKey(.member, entry.member)
            guard try view.value(for: key) != nil else { return .unknownMember(entry.member) }
            let member = try Self.read(MemberEntry.self, key, from: view)
            guard member.standing == .active, member.roles.contains(.validator) else {
                return .notValidator(entry.member)
            }
            guard member.keys.sign == entry.key else { return .otherKey(entry.member) }
        }
        return nil
    }

    /// What is wrong with a document that shall begin a validator epoch above `tip`; nil when it does.
    package func fault(
        of document: RecoveryDocument, on tip: LedgerTip, over view: any StateView
    ) throws(StateError) -> RecoveryFault? {
        if let fault = Self.fault(of: document, by: genesis.operators, on: chain) { return fault }
        return try fault(of: document.statement, on: tip, over: view)
    }
}
