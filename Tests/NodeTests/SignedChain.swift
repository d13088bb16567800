import Consensus
import Crypto
import EventLoop
import HTTP
import Ledger
import Node
import Primitives
import RPC
import Testing
import Wire

/// Records that validators have signed without executing anything: all that a light client ever sees. Validator epochs
/// have four heights, and each has a validator of its own beside those that stay.
struct SignedChain {
    static let epochHeights: UInt64 = 4

    let rules: RuleBook
    private let time: Timestamp
    private var keys: [PublicKey: SigningKey] = [:]
    private var sets: [ValidatorSet]
    private var log = MerkleFrontier()
    private var hashes = MemoryLog()
    private(set) var proven: [ProvenRecord] = []
    private(set) var handovers: [Handover] = []
    /// The block at each height, and the certificate that its child carries.
    private var blocks: [BlockReference] = []
    private var view: UInt64 = 0
    private var hash = SHA256()

    init(_ documents: Documents, time: Timestamp = SystemTime.utc) throws {
        rules = documents.rules
        self.time = time
        for node in documents.nodes { keys[node.keys.sign.publicKey] = node.keys.sign }
        let validators = documents.nodes.map { Validator(id: $0.member, key: $0.keys.sign.publicKey) }
        sets = [try #require(ValidatorSet(epoch: .zero, validators: validators))]
    }

    var head: ProvenRecord { proven[proven.count - 1] }
    var context: VotingContext { VotingContext(chain: rules.chain, sets: sets) }

    /// The set of a validator epoch; the last validator is replaced in each.
    private mutating func set(of epoch: UInt64) throws -> ValidatorSet {
        while UInt64(sets.count) <= epoch {
            let old = sets[sets.count - 1]
            let newcomer = SigningKey.generate()
            keys[newcomer.publicKey] = newcomer
            let id = MemberID(raw: newcomer.publicKey.raw)
            let stay = old.validators.dropLast()
            sets.append(
                try #require(
                    ValidatorSet(
                        epoch: old.epoch.next, validators: stay + [Validator(id: id, key: newcomer.publicKey)])))
        }
        return sets[Int(epoch)]
    }

    /// Adds records up to a height; `mark` makes another chain of it. Each adds a leaf to the log.
    mutating func grow(to height: UInt64, mark: UInt8 = 0, skipping: UInt64 = 0) throws {
        while UInt64(proven.count) < height { try add(mark: mark, skipping: skipping) }
    }

    private mutating func add(mark: UInt8, skipping: UInt64) throws {
        let height = UInt64(proven.count) + 1
        let epoch = (height - 1) / Self.epochHeights
        let (set, next) = (try set(of: epoch), try set(of: epoch + 1))
        hashes.store(LogTree.append(hash.digest([mark, UInt8(truncatingIfNeeded: height)]), to: &log, with: &hash))
        let parent = proven.last?.record.cid(with: &hash) ?? CID(of: rules.genesis.encoded, .dagCBOR, with: &hash)
        let record = Record(
            time: time.adding(milliseconds: height), chain: rules.chain, epoch: set.epoch, height: Height(height),
            parent: parent, transactionRoot: hash.digest([mark]), logRoot: log.root(with: &hash), logSize: log.size,
            epochEnd: Height((epoch + 1) * Self.epochHeights), stateRoot: hash.digest([mark, 1]), resultsRoot: .zero,
            validatorSet: hash.digest(set.encoded),
            nextValidatorSet: hash.digest(next.encoded))
        let header = try header(record, set, skipping: skipping)
        view = header.view.rawValue
        let block = BlockReference(view: header.view, hash: hash.digest(header.encoded))
        let finality = try finality(of: block, header, by: set)
        blocks.append(block)
        proven.append(ProvenRecord(record: record, finality: finality))
        if height % Self.epochHeights == 0 {
            let list = try ValidatorList(decoding: next.encoded)
            handovers.append(Handover(list: list, record: record, finality: finality))
        }
    }

    private func header(_ record: Record, _ set: ValidatorSet, skipping: UInt64) throws -> EngineHeader {
        var hash = self.hash
        let parent = blocks.last ?? .genesis(of: rules.chain)
        let view = View(view + 1 + skipping)
        let previous = blocks.isEmpty ? nil : sets[Int((record.height.rawValue - 2) / Self.epochHeights)]
        let certified = try previous.map { try certificate(.notarize, parent.view, parent.hash, by: $0) }
        let nullified = try Justification.carriedViews(from: parent.view, to: view).map {
            try certificate(.nullify, View($0), .zero, by: set)
        }
        return EngineHeader(
            epoch: set.epoch, view: view, parent: parent,
            justification: Justification(parent: certified, nullifications: nullified),
            proposer: set.validators[0].id, record: record.cid(with: &hash), body: .zero)
    }

    private func finality(of block: BlockReference, _ header: EngineHeader, by set: ValidatorSet) throws
        -> FinalityProof
    {
        .simplex(
            SimplexProof(
                finalization: try certificate(.finalize, block.view, block.hash, by: set), headers: [header]))
    }

    /// The proof of a height again, signed by fewer than a quorum.
    func underSigned(_ height: Int) throws -> ProvenRecord {
        let record = proven[height - 1].record
        guard case .simplex(let proof) = proven[height - 1].finality else { throw Late(what: "a proof") }
        let set = sets[Int(record.epoch.rawValue)]
        let weak = try certificate(
            .finalize, blocks[height - 1].view, blocks[height - 1].hash, by: set, count: set.quorum - 1)
        return ProvenRecord(
            record: record, finality: .simplex(SimplexProof(finalization: weak, headers: proof.headers)))
    }

    private func certificate(
        _ kind: Ballot.Kind, _ view: View, _ block: Digest, by set: ValidatorSet, count: Int? = nil
    ) throws -> Certificate {
        var signers = SeatSet()
        for seat in 0..<(count ?? set.quorum) { _ = signers.insert(Seat(seat)) }
        let ballot = Ballot(kind: kind, epoch: set.epoch, view: view, hash: block)
        let signatures = try signers.seats.map { seat in
            let validator = try #require(set[seat])
            return try #require(keys[validator.key]).signature(
                kind.signingKind, chain: rules.chain, body: ballot.body)
        }
        return try #require(Certificate(ballot: ballot, signers: signers, signatures: signatures))
    }

    /// The path from one log size to another.
    func growth(from old: UInt64, to new: UInt64) throws -> [Digest] {
        var hash = SHA256()
        return try #require(try LogTree.consistencyProof(from: old, to: new, from: hashes, with: &hash))
    }

    func consistency(from old: UInt64, to new: UInt64) throws -> LogConsistency {
        var hash = SHA256()
        let head = head
        return LogConsistency(
            fromRoot: try LogTree.root(size: old, from: hashes, with: &hash),
            toRoot: try LogTree.root(size: new, from: hashes, with: &hash), path: try growth(from: old, to: new),
            anchor: try growth(from: new, to: head.record.logSize), proven: head)
    }
}
