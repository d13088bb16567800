package import Consensus
package import Crypto
package import Ledger
package import Primitives
import Wire

/// The validator sets that a checker was led to, from the genesis document or a checkpoint, one handover after the
/// other; and what these sets make final.
///
/// Whoever trusts the first set may trust each next one: the last record of a validator epoch names it, and the set
/// before made that record final. Pure: nothing here asks anybody.
package struct ValidatorTrail: Sendable, Equatable {
    /// Sets that are remembered; of more, the oldest are forgotten, and their records can no longer be judged.
    package static let setsMax = 16

    package let chain: ChainID
    /// Who may end a validator epoch when its validators cannot.
    private let operators: [PublicKey]
    private var sets: [ValidatorSet]
    /// The last height of validator epochs that operators ended: what validators signed above it was given up.
    private var cuts: [ValidatorEpoch: Height] = [:]

    /// Begins with the validators of the genesis document.
    ///
    /// - Throws: `badGenesis` when it makes no state with validators.
    package init(_ rules: RuleBook) throws(ProofFault) {
        var hash = SHA256()
        guard let block = try? rules.genesisBlock(with: &hash), let set = try? Finality.validators(in: block) else {
            throw .badGenesis
        }
        self.init(rules, beginningWith: set)
    }

    /// Begins with a set that is trusted for another reason: a checkpoint.
    init(_ rules: RuleBook, beginningWith set: ValidatorSet) {
        chain = rules.chain
        operators = rules.genesis.operators
        sets = [set]
    }

    /// The newest set.
    package var newest: ValidatorSet { sets[sets.count - 1] }

    /// The set of a validator epoch, while it is remembered.
    package func set(of epoch: ValidatorEpoch) -> ValidatorSet? { sets.last { $0.epoch == epoch } }

    /// What signatures of the remembered sets are checked against.
    package var context: VotingContext { VotingContext(chain: chain, sets: sets) }

    /// Whether the record is of this chain and was made final by the set of its validator epoch.
    package func check(
        _ record: Record, _ finality: FinalityProof, with hash: inout SHA256
    ) throws(ProofFault) {
        guard record.chain == chain else { throw .otherChain }
        guard record.height > .zero else { throw .wrongHeight }
        guard let set = set(of: record.epoch) else { throw .unknownEpoch(record.epoch) }
        if let cut = cuts[record.epoch], record.height > cut { throw .recoveredBelow(cut) }
        guard record.validatorSet == hash.digest(set.encoded) else { throw .wrongSet }
        guard finality.epoch == record.epoch, Finality.isFinal(record, finality, in: context, with: &hash) else {
            throw .notFinal
        }
    }

    /// Follows one handover, from the newest set to the next.
    package mutating func follow(_ handover: Handover, with hash: inout SHA256) throws(ProofFault) {
        let record = handover.record
        try check(record, handover.finality, with: &hash)
        guard record.epoch == newest.epoch else { throw .notSealing }
        let bytes = handover.list.encoded
        if let recovery = handover.recovery {
            try check(recovery, above: record, with: &hash)
            guard handover.list == recovery.statement.list else { throw .otherList }
        } else {
            guard record.endsEpoch else { throw .notSealing }
            guard hash.digest(bytes) == record.nextValidatorSet else { throw .otherList }
        }
        guard handover.list.epoch == record.epoch.next, let set = try? ValidatorSet(decoding: bytes)
        else { throw .otherList }
        if handover.recovery != nil { cuts[record.epoch] = record.height }
        sets.append(set)
        if sets.count > Self.setsMax { cuts[sets.removeFirst().epoch] = nil }
    }

    /// LG-130, LG-131: whether operators enough signed that the ledger goes on above this record.
    private func check(
        _ recovery: RecoveryDocument, above record: Record, with hash: inout SHA256
    ) throws(ProofFault) {
        guard RuleBook.fault(of: recovery, by: operators, on: chain) == nil,
            SignatureVerifier().verified(recovery, in: chain) != nil,
            recovery.statement.height == record.height, recovery.statement.record == record.cid(with: &hash)
        else { throw .badRecovery }
    }
}

extension FinalityProof {
    /// The validator epoch whose set made it.
    package var epoch: ValidatorEpoch {
        switch self {
        case .simplex(let proof): proof.finalization.ballot.epoch
        }
    }
}
