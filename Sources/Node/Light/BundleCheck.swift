package import Consensus
package import Crypto
package import Ledger
package import Primitives
import Rights
package import Wire

/// The check of a proof bundle, from its bytes alone: whose network it is, that the record is final, and each claim.
package struct BundleCheck {
    /// A claim that holds.
    package enum Statement: Sendable {
        /// The transaction with this leaf stands in the log; `body` is what it says, when the bundle shows it.
        case transaction(LogLeaf, body: ParsedTransaction?)
        /// The value that stands under the key, or nil: nothing does.
        case fact(StateKey, value: [UInt8]?)
    }

    /// What was proven, and by whom.
    package struct Report: Sendable {
        package let rules: RuleBook
        package let record: Record
        package let recordID: CID
        /// How many of how many validators signed the finalization.
        package let signers: (count: Int, of: Int)
        /// Validator epochs walked through from genesis.
        package let handovers: Int
        package let statements: [Statement]
    }

    private let rules: RuleBook
    private var trail: ValidatorTrail
    private var hash = SHA256()

    /// Checks everything in the bundle.
    ///
    /// - Parameter chain: the network that it must be of; nil takes the name that the bundle gives itself.
    /// - Throws: the first claim that does not hold; no part of a bundle with a fault is worth anything.
    package static func check(_ bundle: ProofBundle, chain: ChainID?) throws(ProofFault) -> Report {
        var check = try BundleCheck(genesis: bundle.genesis, chain: chain)
        return try check.run(bundle)
    }

    private init(genesis bytes: [UInt8], chain: ChainID?) throws(ProofFault) {
        guard let genesis = try? Genesis(decoding: bytes) else { throw .malformed }
        guard SignatureVerifier().verified(genesis, in: ()) != nil else { throw .badGenesis }
        rules = RuleBook(genesis: genesis, judge: PolicyJudge(), with: &hash)
        guard chain == nil || chain == rules.chain else { throw .otherChain }
        trail = try ValidatorTrail(rules)
    }

    private mutating func run(_ bundle: ProofBundle) throws(ProofFault) -> Report {
        for handover in bundle.handovers { try trail.follow(handover, with: &hash) }
        let record = bundle.record
        try trail.check(record, bundle.finality, with: &hash)
        var statements: [Statement] = []
        for fact in bundle.logs { statements.append(try check(fact, in: record)) }
        for fact in bundle.facts { statements.append(try check(fact, in: record)) }
        return Report(
            rules: rules, record: record, recordID: record.cid(with: &hash),
            signers: (bundle.finality.signerCount, trail.set(of: record.epoch)?.count ?? 0),
            handovers: bundle.handovers.count,
            statements: statements)
    }

    private mutating func check(_ fact: ProofBundle.LogFact, in record: Record) throws(ProofFault) -> Statement {
        guard fact.leaf.height <= record.height,
            Audit.isIncluded(fact.leaf, at: fact.index, proof: fact.path, in: record, with: &hash)
        else { throw .notInLog }
        guard let envelope = fact.envelope else { return .transaction(fact.leaf, body: nil) }
        guard
            let parsed = try? ParsedTransaction(
                envelope, chain: rules.chain, limits: rules.genesis.limits, with: &hash),
            parsed.envelopeID.digest == fact.leaf.envelope,
            SignatureVerifier().verified(parsed, in: rules.chain) != nil
        else { throw .otherEnvelope }
        return .transaction(fact.leaf, body: parsed)
    }

    private mutating func check(_ fact: ProofBundle.StateFact, in record: Record) throws(ProofFault) -> Statement {
        try fact.check(in: record, with: &hash)
        return .fact(fact.key, value: fact.value)
    }
}

extension ProofBundle.StateFact {
    /// Whether the state of `record` holds exactly this value, or nothing, under the key.
    package func check(in record: Record, with hash: inout SHA256) throws(ProofFault) {
        switch proof.verdict(on: key, root: record.stateRoot, with: &hash) {
        case nil: throw .badStateProof
        case .absent: guard value == nil else { throw .otherValue }
        case .present(let digest):
            guard let value, hash.digest(value) == digest else { throw .otherValue }
        }
    }
}

extension FinalityProof {
    /// How many validators signed it.
    package var signerCount: Int {
        switch self {
        case .simplex(let proof): proof.finalization.signers.count
        }
    }
}
