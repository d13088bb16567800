import Consensus
import Crypto
import Ledger
import Primitives
import Rights
import Testing
import Wire

/// A small network whose blocks are made by the real rules and agreed on by validators that all sign: what an export
/// and its verifier are tried on. Everything follows from texts, so two runs make the same bytes.
struct Story {
    /// A finalised block, as the engine and as the ledger see it.
    struct Chapter {
        let executed: ExecutedBlock
        let proposal: Proposal
        let reference: BlockReference
        let set: ValidatorSet
    }

    let genesis: Genesis
    let rules: RuleBook
    var chain: ChainID { rules.chain }
    private(set) var state = MemoryState()
    private(set) var tip: LedgerTip
    private(set) var chapters: [Chapter] = []
    /// Hashes of the log's leaves.
    private(set) var leaves: [Digest] = []
    private var keys: [PublicKey: SigningKey] = [:]
    /// The text that a member's current signing key grows from.
    private var names: [String: String] = [:]
    private var count = 0
    var hash = SHA256()

    /// A network of `validators`, a home node that is the second registrar, and two persons.
    init(validators: Int) {
        var limits = NetworkLimits()
        limits.epochHeights = 4
        limits.validators = 8
        limits.policyBytes = 512
        var members = (0..<validators).map {
            Golden.member(
                "validator \($0)", $0 == 0 ? [.node, .validator, .registrar] : [.node, .validator], chain: .zero)
        }
        members.append(Golden.member("home", [.node, .registrar], chain: .zero, link: true))
        members += ["alice", "bob"].map { Golden.member($0, .person, chain: .zero) }
        let elements: [GroupElement] = (0..<validators).map { Sample.id("share \($0)") }
        let threshold = ThresholdPurpose.allCases.compactMap {
            ThresholdPublicKeys(
                purpose: $0, sharingEpoch: .zero, publicKey: Sample.id("threshold \($0.rawValue)"), shares: elements)
        }
        genesis = Genesis(
            name: "golden \(validators)", time: Sample.time(), limits: limits, members: members, attestersNeeded: 1,
            operators: (0..<4).map { Sample.publicKey("operator \($0)") }, registrarsNeeded: 2, threshold: threshold)
        rules = RuleBook(genesis: genesis, judge: PolicyJudge(), with: &hash)
        guard let zero = try? rules.genesisBlock(with: &hash) else { preconditionFailure("a state in memory is whole") }
        state.commit(zero)
        tip = zero.tip
        for name in (0..<validators).map({ "validator \($0)" }) + ["home", "alice", "bob", "carol", "dave"] {
            learn(name, as: name)
        }
    }

    private mutating func learn(_ text: String, as name: String) {
        let key = Sample.key(text)
        keys[key.publicKey] = key
        names[name] = text
    }

    // MARK: Transactions

    /// The id that a member's registration makes.
    static func member(_ name: String) -> MemberID {
        MemberID(raw: SHA256.hash(Golden.registration(name, roles(of: name), link: name == "home").encoded).raw)
    }

    private static func roles(of name: String) -> Roles {
        switch name {
        case "alice", "bob", "carol": .person
        case "dave": [.node, .validator]
        default: [.node, .registrar]
        }
    }

    func id(_ name: String) -> MemberID {
        let key = Sample.publicKey(name)
        let signed = genesis.members.first { $0.registration.keys.sign == key }
        return signed.map { MemberID(raw: SHA256.hash($0.object.body).raw) } ?? Self.member(name)
    }

    private mutating func body(
        _ operation: Ledger.Operation, from: AuthorID, at milliseconds: UInt64, after: TransactionID?
    ) -> Transaction {
        count += 1
        return Transaction(
            operation, from: from, after: after, chain: chain, nonce: Sample.bytes("nonce \(count)", count: 16),
            until: Sample.time(milliseconds + 60_000))
    }

    /// An envelope of a member, by its current key unless `key` names another.
    mutating func envelope(
        _ operation: Ledger.Operation, by name: String, at milliseconds: UInt64, after: TransactionID? = nil,
        key: String? = nil
    ) -> [UInt8] {
        let transaction = body(operation, from: AuthorID(id(name)), at: milliseconds, after: after)
        return Sample.signed(transaction, .transaction, by: key ?? names[name] ?? name, chain: chain).encoded
    }

    /// An envelope of a per-call key.
    mutating func envelope(_ operation: Ledger.Operation, byCallKey name: String, at milliseconds: UInt64) -> [UInt8] {
        let transaction = body(operation, from: AuthorID(Sample.publicKey(name)), at: milliseconds, after: nil)
        return Sample.signed(transaction, .transaction, by: name, chain: chain).encoded
    }

    /// `member.admit` by the first validator, with the approval of the home node.
    mutating func admission(of name: String, at milliseconds: UInt64) -> [UInt8] {
        let member = Golden.member(name, Self.roles(of: name), chain: chain)
        let bare = body(
            .memberAdmit(MemberAdmit(registration: member)), from: AuthorID(id("validator 0")), at: milliseconds,
            after: nil)
        let home = Sample.key("home")
        let approval = CoSignature(
            key: home.publicKey,
            signature: home.signature(.approval, chain: chain, body: bare.approvalBody ?? []))
        let whole = Transaction(
            .memberAdmit(MemberAdmit(registration: member, approvals: [approval])), from: bare.from, chain: chain,
            nonce: bare.nonce, until: bare.until)
        return Sample.signed(whole, .transaction, by: names["validator 0"] ?? "", chain: chain).encoded
    }

    /// `member.rotate`: from the next block on the member signs with a new key.
    mutating func rotation(of name: String, at milliseconds: UInt64) -> [UInt8] {
        let text = "\(name), again"
        let keys = MemberKeys(sign: Sample.publicKey(text), agreement: Sample.id("new agreement of \(name)"))
        let author = AuthorID(id(name))
        let nonce = body(.callEnd(CallEnd(call: .zero, minute: 0)), from: author, at: milliseconds, after: nil).nonce
        let proof = Sample.key(text).signature(
            .keyRotation, chain: chain,
            body: MemberRotate.proofBody(member: author.member, keys: keys, nonce: nonce))
        let transaction = Transaction(
            .memberRotate(MemberRotate(keys: keys, proof: proof)), from: author, chain: chain, nonce: nonce,
            until: Sample.time(milliseconds + 60_000))
        let envelope = Sample.signed(transaction, .transaction, by: names[name] ?? name, chain: chain).encoded
        learn(text, as: name)
        return envelope
    }

    func transactionID(of envelope: [UInt8]) throws -> TransactionID {
        let body = try SignedObject(decoding: envelope).body
        return TransactionID(raw: SHA256.hash(SigningKind.transaction.preimage(chain: chain, body: body)).raw)
    }

    // MARK: Blocks

    /// Executes these envelopes as the next block and has it proposed, after `skipping` views without a block.
    mutating func add(_ envelopes: [([UInt8], code: UInt16)], at milliseconds: UInt64, skipping: UInt64 = 0) throws {
        let verifier = SignatureVerifier()
        let transactions = try envelopes.map { bytes, _ in
            let parsed = try ParsedTransaction(bytes, chain: chain, limits: genesis.limits, with: &hash)
            return try #require(verifier.verified(parsed, in: chain))
        }
        let executed = try rules.execute(
            transactions, at: Sample.time(milliseconds), on: tip, over: state, with: &hash)
        #expect(executed.results.map(\.code) == envelopes.map(\.code), "block of \(milliseconds)")
        state.commit(executed)
        tip = executed.tip
        for index in transactions.indices {
            leaves.append(MerkleTree.leafHash(executed.leaf(index).bytes, with: &hash))
        }
        let list = try #require(state.value(for: StateKey(.validators)))
        let set = try ValidatorSet(decoding: list)
        let proposal = try proposal(of: executed, by: set, skipping: skipping)
        let block = try #require(Block(proposal, with: &hash))
        let context = VotingContext(chain: chain, sets: Array(Set(chapters.map(\.set) + [set])))
        #expect(verifier.verified(block, in: context) != nil)
        chapters.append(Chapter(executed: executed, proposal: proposal, reference: block.reference, set: set))
    }

    private func proposal(of executed: ExecutedBlock, by set: ValidatorSet, skipping: UInt64) throws -> Proposal {
        let parent = chapters.last?.reference ?? .genesis(of: chain)
        let view = View(parent.view.rawValue + 1 + skipping)
        let isNewEpoch = chapters.last.map { $0.set.epoch != set.epoch } ?? false
        let certified = try chapters.last.map {
            try certificate(isNewEpoch ? .finalize : .notarize, $0.reference.view, $0.reference.hash, by: $0.set)
        }
        let nullified = try Justification.carriedViews(from: parent.view, to: view).map {
            try certificate(.nullify, View($0), .zero, by: set)
        }
        let leader = try #require(set[set.leader(of: view)])
        let body = executed.block.encoded
        var hash = self.hash
        let header = EngineHeader(
            epoch: set.epoch, view: view, parent: parent,
            justification: Justification(parent: certified, nullifications: nullified), proposer: leader.id,
            record: executed.tip.recordID, body: hash.digest(body))
        let signed = Proposal.signedBody(epoch: set.epoch, view: view, hash: hash.digest(header.encoded))
        let key = try #require(keys[leader.key])
        return Proposal(header: header, signature: key.signature(.proposal, chain: chain, body: signed), body: body)
    }

    /// A certificate of exactly a quorum; which seats sign turns with the view.
    private func certificate(
        _ kind: Ballot.Kind, _ view: View, _ block: Digest, by set: ValidatorSet
    ) throws -> Certificate {
        var signers = SeatSet()
        for offset in 0..<set.quorum { _ = signers.insert(Seat((Int(view.rawValue) + offset) % set.count)) }
        let ballot = Ballot(kind: kind, epoch: set.epoch, view: view, hash: block)
        let signatures = try signers.seats.map { seat in
            let validator = try #require(set[seat])
            let key = try #require(keys[validator.key])
            return key.signature(kind.signingKind, chain: chain, body: ballot.body)
        }
        return try #require(Certificate(ballot: ballot, signers: signers, signatures: signatures))
    }

    /// A proof that the block at `height` is final, by a finalization of the block `above` heights higher.
    func finality(of height: Int, above: Int = 0) throws -> FinalityProof {
        let top = chapters[height - 1 + above]
        let finalization = try certificate(.finalize, top.reference.view, top.reference.hash, by: top.set)
        let headers = (0...above).map { chapters[height - 1 + above - $0].proposal.header }
        return .simplex(SimplexProof(finalization: finalization, headers: headers))
    }
}
