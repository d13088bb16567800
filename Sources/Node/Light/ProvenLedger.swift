import Consensus
import Crypto
package import Ledger
package import Primitives
import Synchronization
import Wire

/// One node's ledger, of which nothing is taken that validators did not sign: each answer is held against the validator
/// sets that lead from the genesis document to its record. The node may withhold and be late; it cannot lie.
package final class ProvenLedger: Sendable {
    package let rules: RuleBook
    package let node: NodeLedger
    private let trail: Mutex<ValidatorTrail>

    /// - Throws: `badGenesis`.
    package init(_ rules: RuleBook, node: NodeLedger) throws(ProofFault) {
        self.rules = rules
        self.node = node
        trail = Mutex(try ValidatorTrail(rules))
    }

    /// The record at a height, or the newest.
    package func record(at height: Height? = nil) async throws(LightError) -> ProvenRecord {
        let proven = try await node.record(at: height).proven
        try await judge(proven.record, proven.finality, "ledger.record")
        guard height == nil || proven.record.height == height else {
            throw .unproven(method: "ledger.record", .wrongHeight)
        }
        return proven
    }

    /// The value under a key, or nil for none, and the record that proves it.
    package func fact(_ key: StateKey) async throws(LightError) -> ProvenFact {
        let method = "ledger.state"
        let fact = try await node.fact(key)
        try await judge(fact.record, fact.finality, method)
        try Self.proven(method) { hash throws(ProofFault) in
            try ProofBundle.StateFact(key: key, proof: fact.proof, value: fact.value).check(
                in: fact.record, with: &hash)
        }
        return fact
    }

    /// A transaction's leaf in the log.
    package func inclusion(of id: TransactionID) async throws(LightError) -> InclusionBundle {
        let method = "ledger.proof"
        let bundle = try await node.inclusion(of: id)
        try await judge(bundle.record, bundle.finality, method)
        try Self.proven(method) { hash throws(ProofFault) in
            guard Audit.isIncluded(bundle.leaf, at: bundle.index, proof: bundle.path, in: bundle.record, with: &hash)
            else { throw .notInLog }
        }
        return bundle
    }

    /// That the log of one size is the beginning of that of another, and both of a final record's.
    package func consistency(from: UInt64, to: UInt64) async throws(LightError) -> LogConsistency {
        let method = "ledger.consistency"
        let proof = try await node.consistency(from: from, to: to)
        try await judge(proof.proven.record, proof.proven.finality, method)
        try Self.proven(method) { hash throws(ProofFault) in try proof.check(from: from, to: to, with: &hash) }
        return proof
    }

    /// How many validators the set of a validator epoch has, while it is remembered.
    package func validatorCount(of epoch: ValidatorEpoch) -> Int? { trail.withLock { $0.set(of: epoch)?.count } }

    /// Whether a record is final, following handovers as far as it takes.
    private func judge(_ record: Record, _ finality: FinalityProof?, _ method: String) async throws(LightError) {
        guard record.height > .zero else {
            // Nobody signs the state of genesis: it follows from the document.
            return try Self.proven(method) { [rules] hash throws(ProofFault) in
                guard let block = try? rules.genesisBlock(with: &hash), block.record == record else { throw .notFinal }
            }
        }
        guard let finality else { throw .unproven(method: method, .notFinal) }
        while true {
            let known = trail.withLock { $0 }
            do throws(ProofFault) {
                return try Self.check(record, finality, by: known)
            } catch {
                guard case .unknownEpoch(let epoch) = error, epoch > known.newest.epoch else {
                    throw .unproven(method: method, error)
                }
                try await follow(from: known, error, method)
            }
        }
    }

    /// Goes at least one validator epoch further than `known`.
    private func follow(from known: ValidatorTrail, _ fault: ProofFault, _ method: String) async throws(LightError) {
        let handovers = try await node.handovers(from: known.newest.epoch)
        guard !handovers.isEmpty else { throw .unproven(method: method, fault) }
        let grown: ValidatorTrail
        do throws(ProofFault) {
            grown = try Self.following(handovers, from: known)
        } catch {
            throw .unproven(method: "ledger.handovers", error)
        }
        trail.withLock { trail in
            if trail.newest.epoch < grown.newest.epoch { trail = grown }
        }
    }

    private static func following(
        _ handovers: [Handover], from known: ValidatorTrail
    ) throws(ProofFault) -> ValidatorTrail {
        var (trail, hash) = (known, SHA256())
        for handover in handovers { try trail.follow(handover, with: &hash) }
        return trail
    }

    private static func check(
        _ record: Record, _ finality: FinalityProof, by trail: ValidatorTrail
    ) throws(ProofFault) {
        var hash = SHA256()
        try trail.check(record, finality, with: &hash)
    }

    private static func proven(
        _ method: String, _ body: (inout SHA256) throws(ProofFault) -> Void
    ) throws(LightError) {
        var hash = SHA256()
        do throws(ProofFault) {
            try body(&hash)
        } catch {
            throw .unproven(method: method, error)
        }
    }
}
