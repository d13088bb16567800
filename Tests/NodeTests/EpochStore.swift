import Crypto
import EventLoop
import Ledger
import Node
import Primitives
import Wire

/// A store of a network whose validator epochs have four heights, filled block by block. Any number of echoes may have
/// sealed an epoch.
final class EpochStore {
    static let epochHeights: UInt64 = 4

    let documents: Documents
    let scratch: Scratch
    /// The key to which the last validator may rotate.
    let rotated = SigningKey.generate()
    let newcomer = NodeKeys(sign: .generate(), link: .generate(), agreement: .generate())
    private(set) var store: ChainStore
    private var filler: LedgerFiller
    private(set) var time: Timestamp

    var path: String { scratch.path + "/ledger" }
    var rules: RuleBook { documents.rules }
    var tip: LedgerTip { get throws { try store.tip() } }

    init(validators: Int = 1, _ change: (inout NetworkLimits) -> Void = { _ in }) throws {
        var limits = Testnet.limits(epochHeights: Self.epochHeights)
        limits.heartbeat = 500
        change(&limits)
        documents = try Documents(validators: validators, limits: limits)
        scratch = try Scratch()
        store = try ChainStore(path: scratch.path + "/ledger", rules: documents.rules, settings: FilledStore.small)
        filler = try LedgerFiller(
            store, rules: documents.rules, keys: documents.nodes.map(\.keys.sign) + [rotated])
        time = SystemTime.utc
    }

    @discardableResult
    func add(_ envelopes: [[UInt8]], echoes: Int = 0) throws -> ExecutedBlock {
        time = Timestamp(time.rawValue + 10)
        return try filler.add(envelopes, at: time, echoes: echoes)
    }

    func wait(milliseconds: UInt64) { time = time.adding(milliseconds: milliseconds) }

    /// Goes on to a height, one transaction in each block; `echoes` above those heights.
    func fill(to height: UInt64, echoes: [UInt64: Int] = [:]) throws {
        while case let next = try tip.record.height.next, next.rawValue <= height {
            let envelope = try documents.admission(until: time.adding(milliseconds: 5_000))
            try add([envelope], echoes: echoes[next.rawValue] ?? 0)
        }
    }

    func reopen() throws {
        store.close()
        store = try ChainStore(path: path, rules: rules, settings: FilledStore.small)
        filler = try LedgerFiller(store, rules: rules, keys: documents.nodes.map(\.keys.sign) + [rotated])
    }

    /// Another filler of the same network.
    func filler(of other: ChainStore) throws -> LedgerFiller {
        try LedgerFiller(other, rules: rules, keys: documents.nodes.map(\.keys.sign) + [rotated])
    }

    /// What the first heights make of another store.
    func copy(_ name: String, upTo height: UInt64) throws -> ChainStore {
        let other = try ChainStore(path: scratch.path + "/" + name, rules: rules, settings: FilledStore.small)
        var replay = try LedgerReplay(store, into: other, rules: rules)
        _ = try replay.run(upTo: Height(height))
        return other
    }

    /// The last validator's change of keys.
    func rotation() -> [UInt8] {
        let node = documents.nodes[documents.nodes.count - 1]
        let keys = MemberKeys(
            sign: rotated.publicKey, agreement: node.keys.agreement.publicKey, link: node.keys.link.publicKey)
        let nonce = SecureRandom.bytes(count: Transaction.nonceByteCount)
        let proof = rotated.signature(
            .keyRotation, chain: documents.chain,
            body: MemberRotate.proofBody(member: node.member, keys: keys, nonce: nonce))
        let transaction = Transaction(
            .memberRotate(MemberRotate(keys: keys, proof: proof)), from: AuthorID(node.member), chain: documents.chain,
            nonce: nonce, until: SystemTime.utc.adding(milliseconds: 60_000))
        return node.keys.sign.sign(.transaction, chain: documents.chain, body: transaction.encoded).encoded
    }

    private func registration() throws -> SignedRegistration {
        try newcomer.registration(
            roles: [.node], name: "newcomer", salt: [UInt8](repeating: 7, count: Registration.saltByteCount),
            chain: documents.chain)
    }

    /// Admits a node that is no validator.
    func newcomerAdmission() throws -> [UInt8] {
        let registrar = documents.registrar
        return documents.sign(
            .memberAdmit(MemberAdmit(registration: try registration())), by: registrar.member,
            key: registrar.keys.sign)
    }

    /// The only validator on this store, which must be closed, and the newcomer on one of its own, linked to it.
    func runtimes(follower name: String) throws -> (validator: NodeRuntime, follower: NodeRuntime) {
        let port = try freePorts(1)[0]
        return (try validator(port: port), try follower(name, of: port))
    }

    func validator(port: UInt16) throws -> NodeRuntime {
        let node = documents.nodes[0]
        return try runtime(node.member, node.keys, path, .loopback(port: port), [])
    }

    func follower(_ name: String, of port: UInt16) throws -> NodeRuntime {
        var hash = SHA256()
        let member = try registration().memberID(with: &hash)
        let peer = NodeSettings.Peer(member: documents.nodes[0].member, link: .loopback(port: port))
        return try runtime(member, newcomer, scratch.path + "/" + name, .loopback(port: 0), [peer])
    }

    private func runtime(
        _ member: MemberID, _ keys: NodeKeys, _ path: String, _ link: SocketAddress, _ peers: [NodeSettings.Peer]
    ) throws -> NodeRuntime {
        try NodeRuntime(
            settings: NodeSettings(link: link, dht: .loopback(port: 0), dataPath: path, peers: peers), rules: rules,
            member: member,
            keys: RuntimeKeys(
                votes: LocalSigner(SoftwareKey(keys.sign)), other: LocalSigner(SoftwareKey(rotated)),
                link: keys.link, agreement: keys.agreement),
            log: .silent)
    }

    /// Puts a proposal of the first validator on the ledger, and in the next block the votes of the two after it.
    func decide(_ proposal: ValidatorPropose) throws {
        let nodes = documents.nodes
        let block = try add([documents.sign(.validatorPropose(proposal), by: nodes[0].member, key: nodes[0].keys.sign)])
        let vote = Ledger.Operation.validatorVote(ValidatorVote(proposal: block.transactions[0].id))
        let votes = try add(
            nodes.dropFirst().prefix(2).map { documents.sign(vote, by: $0.member, key: $0.keys.sign) })
        guard (block.results + votes.results).allSatisfy({ $0 == .succeeded }) else { throw Late(what: "a change") }
    }

    /// The handovers that a store shows, followed from genesis.
    func trail(_ store: ChainStore) throws -> ValidatorTrail {
        var (trail, hash) = (try ValidatorTrail(rules), SHA256())
        for handover in try store.handovers(from: .zero, limit: 64, rules: rules) {
            try trail.follow(handover, with: &hash)
        }
        return trail
    }

    func verify(_ store: ChainStore) throws -> ChainVerifier.Report {
        var verifier = try ChainVerifier(store, rules: rules)
        return try verifier.run()
    }
}
