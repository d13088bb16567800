import Crypto
import Ledger
import Primitives
import Wire

/// A member with the keys behind it.
struct TestMember {
    let id: MemberID
    let key: SigningKey
    let registration: SignedRegistration
}

/// Policies in tests are one byte: 0 is no policy, 1 lets everybody, 2 lets who has a grant, 3 lets nobody, 4 lets
/// everybody revoke.
struct TestJudge: PolicyJudging {
    func judge(_ policy: [UInt8], _ request: PolicyRequest) -> PolicyVerdict {
        switch (policy.first, request.action) {
        case (1, .play), (4, _): .allowed
        case (2, .play): request.hasGrant ? .allowed : .refused(.notGranted)
        default: .refused(.notPermitted)
        }
    }

    func refusal(of policy: [UInt8]) -> PolicyRefusal? { policy.first == 0 ? .unreadable : nil }
}

func key(_ seed: UInt8, _ kind: UInt8 = 0) throws -> SigningKey {
    try SigningKey(seed: [UInt8](repeating: seed, count: 31) + [kind])
}

func bytes32(_ value: UInt64) -> Bytes32 { Bytes32(words: (value, 1, 2, 3)) }

func digest(_ value: UInt64) -> Digest { Digest(raw: bytes32(value)) }

/// A whole network in memory: real keys, real signatures, one block after the other.
final class TestNetwork {
    let validators: [TestMember]
    let registrars: [TestMember]
    let persons: [TestMember]
    let node: TestMember
    let operators: [SigningKey]
    let genesis: Genesis
    let rules: RuleBook
    let genesisBlock: ExecutedBlock
    private(set) var state = MemoryState()
    private(set) var log = MemoryLog()
    private(set) var tip: LedgerTip
    private(set) var blocks: [ExecutedBlock] = []
    private var nonce: UInt64 = 0
    var hash = SHA256()

    static let start = Timestamp(1_800_000_000_000)

    init(
        validatorCount: UInt8 = 4, operatorCount: UInt8 = 0, registrarsNeeded: UInt64 = 1,
        limits: NetworkLimits = NetworkLimits()
    ) throws {
        validators = try (0..<validatorCount).map { try Self.member($0 + 1, [.validator, .node], "v") }
        registrars = try (0..<3).map { try Self.member($0 + 101, [.registrar], "r") }
        persons = try (0..<4).map { try Self.member($0 + 121, [.person]) }
        node = try Self.member(141, [.node], "n")
        operators = try (0..<operatorCount).map { try key($0 + 161) }
        genesis = Genesis(
            name: "test", time: Self.start, limits: limits,
            members: (validators + registrars + persons + [node]).map(\.registration),
            attestersNeeded: UInt64(min(3, validatorCount)), operators: operators.map(\.publicKey),
            registrarsNeeded: registrarsNeeded)
        rules = RuleBook(genesis: genesis, judge: TestJudge(), with: &hash)
        genesisBlock = try rules.genesisBlock(with: &hash)
        tip = genesisBlock.tip
        state.commit(genesisBlock)
    }

    static func member(
        _ seed: UInt8, _ roles: Roles, _ name: String = "", chain: ChainID = .zero
    ) throws -> TestMember {
        let signing = try key(seed)
        let registration = Registration(
            keys: MemberKeys(sign: signing.publicKey, agreement: AgreementKey(raw: bytes32(UInt64(seed)))),
            roles: roles, name: name, salt: [UInt8](repeating: seed, count: 16))
        let signed = try SignedRegistration(signing.sign(.registration, chain: chain, body: registration.encoded))
        var hash = SHA256()
        return TestMember(id: signed.memberID(with: &hash), key: signing, registration: signed)
    }

    // MARK: Transactions

    func transaction(
        _ operation: Ledger.Operation, from: AuthorID, after: TransactionID? = nil, until: Timestamp? = nil
    ) -> Transaction {
        nonce += 1
        return Transaction(
            operation, from: from, after: after, chain: rules.chain,
            nonce: Array(bytes32(nonce).bytes.prefix(16)), until: until ?? now.adding(milliseconds: 60_000))
    }

    func sign(_ transaction: Transaction, _ key: SigningKey) throws -> Verified<ParsedTransaction> {
        let envelope = key.sign(.transaction, chain: rules.chain, body: transaction.encoded)
        let parsed = try ParsedTransaction(
            envelope.encoded, chain: rules.chain, limits: genesis.limits, with: &hash)
        guard let verified = SignatureVerifier().verified(parsed, in: rules.chain) else {
            throw TransactionFault.badSignature
        }
        return verified
    }

    func make(
        _ operation: Ledger.Operation, by member: TestMember, after: TransactionID? = nil, until: Timestamp? = nil
    ) throws -> Verified<ParsedTransaction> {
        try sign(transaction(operation, from: AuthorID(member.id), after: after, until: until), member.key)
    }

    func make(
        _ operation: Ledger.Operation, by callKey: SigningKey, until: Timestamp? = nil
    ) throws -> Verified<ParsedTransaction> {
        try sign(transaction(operation, from: AuthorID(callKey.publicKey), until: until), callKey)
    }

    // MARK: Blocks

    var now: Timestamp { tip.record.time }

    /// Makes the next block, checks it as another node would, and commits it.
    @discardableResult
    func apply(
        _ transactions: [Verified<ParsedTransaction>], recovery: Verified<RecoveryDocument>? = nil,
        after milliseconds: UInt64 = 1_000
    ) throws -> [TransactionResult] {
        let time = now.adding(milliseconds: milliseconds)
        let block = try rules.execute(
            transactions, recovery: recovery, at: time, on: tip, over: state, with: &hash)
        _ = try rules.process(block.record, transactions, recovery: recovery, on: tip, over: state, with: &hash)
        state.commit(block)
        log.store(block.logNodes)
        tip = block.tip
        blocks.append(block)
        return block.results
    }

    func apply(_ operation: Ledger.Operation, by member: TestMember, after milliseconds: UInt64 = 1_000) throws
        -> TransactionResult
    {
        try apply(
            [make(operation, by: member, until: now.adding(milliseconds: milliseconds + 60_000))],
            after: milliseconds)[0]
    }

    func apply(_ operation: Ledger.Operation, by callKey: SigningKey, after milliseconds: UInt64 = 1_000) throws
        -> TransactionResult
    {
        try apply(
            [make(operation, by: callKey, until: now.adding(milliseconds: milliseconds + 60_000))],
            after: milliseconds)[0]
    }

    func wait(_ milliseconds: UInt64) throws { try apply([], after: milliseconds) }

    func entry<Entry: WireObject>(_ type: Entry.Type, _ key: StateKey) throws -> Entry? {
        try state.value(for: key).map { try Entry(decoding: $0) }
    }
}

/// A recorded call of two, driven step by step.
struct TestCall {
    let network: TestNetwork
    let call = CallID(raw: bytes32(77))
    let caller: SigningKey
    let callee: SigningKey
    var recording = RecordingID.zero
    var owner: TestMember { network.persons[0] }
    var holders: [MemberID] { (network.validators.map(\.id) + [network.node.id]).prefix(3).sorted() }

    init(_ network: TestNetwork) throws {
        self.network = network
        caller = try key(201)
        callee = try key(202)
    }

    var minute: UInt64 { network.now.rawValue / 60_000 }

    func roster(_ keys: [SigningKey]) -> Digest {
        CallSeat.rosterHash(call: call, keys: keys.map(\.publicKey), with: &network.hash)
    }

    func seat(_ key: SigningKey, roster: Digest) -> CallSeat {
        CallSeat(key: key.publicKey, certificate: digest(5), roster: roster, minute: minute)
    }

    mutating func open() throws -> TransactionResult {
        let operation = CallOpen(call: call, seat: seat(caller, roster: roster([caller])), owner: owner.id)
        let transaction = try network.make(.callOpen(operation), by: network.node)
        recording = RuleBook.recordingID(call: call, opening: transaction.value.id, with: &network.hash)
        return try network.apply([transaction])[0]
    }

    func accept() throws -> TransactionResult {
        try network.apply(
            .callAccept(CallAccept(call: call, seat: seat(callee, roster: roster([caller, callee])))),
            by: network.validators[0])
    }

    func consent(_ tracks: TrackKinds = [.audio, .video], policy: [UInt8] = [1], days: UInt64 = 30) -> Ledger.Operation
    {
        .consentGive(
            ConsentGive(
                recording: recording, tracks: tracks, policy: policy, retentionDays: days,
                roster: roster([caller, callee])))
    }

    func sealing(
        _ groups: [GroupInterval], first: UInt64 = 0, kind: TrackKinds = .audio, owner: MemberID? = nil,
        holders: [MemberID]? = nil
    ) -> RecordingSeal {
        RecordingSeal(
            recording: recording, manifest: CID(.dagCBOR, digest(9)),
            tracks: [
                SealedTrack(id: 1, kind: kind, root: digest(10), first: GroupIndex(first), groups: groups)
            ],
            wraps: digest(11), owner: owner ?? self.owner.id, holders: holders ?? self.holders)
    }

    /// Opens, consents, waits three minutes, and seals three groups of the caller, and of the callee.
    mutating func record(policies: [[UInt8]] = [[1], [1]]) throws -> Timestamp {
        _ = try open()
        _ = try accept()
        try network.apply([
            network.make(consent(policy: policies[0]), by: caller),
            network.make(consent(policy: policies[1]), by: callee),
        ])
        let start = network.now
        try network.wait(200_000)
        let groups = (0..<3).map { GroupInterval(start: start.adding(milliseconds: $0 * 60_000), milliseconds: 60_000) }
        try network.apply([
            network.make(.recordingSeal(sealing(groups)), by: caller),
            network.make(.recordingSeal(sealing(groups)), by: callee),
        ])
        return start
    }

    func publish(policy: [UInt8] = [1]) throws -> TransactionResult {
        try network.apply(
            .rightsPublish(
                RightsPublish(
                    recording: recording, policy: policy, root: digest(20), epoch: RuleBook.firstRightsEpoch)),
            by: owner)
    }

    func lease(_ group: UInt64, by viewer: TestMember, for milliseconds: UInt64 = 60_000) throws -> TransactionResult {
        try network.apply(
            .rightsLease(
                RightsLease(
                    recording: recording, group: GroupIndex(group), key: AgreementKey(raw: bytes32(30 + group)),
                    notAfter: network.now.adding(milliseconds: 1_000 + milliseconds))),
            by: viewer)
    }
}
