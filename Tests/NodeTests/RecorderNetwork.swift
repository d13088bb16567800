import ContentStore
import Crypto
import EventLoop
import HTTP
import Ledger
import Links
import Node
import Primitives
import RPC
import Rights
import Testing
import Wire

/// Validators with shares of all keys that hold content; the first is a home node with an RPC port.
final class RecorderNetwork {
    let rules: RuleBook
    let nodes: [Testnet.Node]
    let runtimes: [NodeRuntime]
    let contents: [ContentService]
    let stores: [ContentStore]
    private let releases: [ReleaseService]
    private let registrar: Testnet.Node
    private let scratch: Scratch
    private let http = HTTPClient(loop: GLibLoop(name: "test"))
    private var server: NodeServer?
    private var port: UInt16 = 0

    init(count: Int, limits: ContentLimits = ContentLimits()) throws {
        let testnet = try Testnet(name: "recordings", validators: count, time: SystemTime.utc)
        nodes = testnet.nodes
        registrar = testnet.registrar
        var hash = SHA256()
        let rules = RuleBook(genesis: testnet.genesis, judge: PolicyJudge(), with: &hash)
        self.rules = rules
        let scratch = try Scratch()
        self.scratch = scratch
        let ports = try freePorts(count)
        var (runtimes, contents, stores, releases):
            ([NodeRuntime], [ContentService], [ContentStore], [ReleaseService]) =
                ([], [], [], [])
        for (index, node) in testnet.nodes.enumerated() {
            let peers = testnet.nodes.enumerated().filter { $0.offset != index }.map {
                NodeSettings.Peer(member: $0.element.member, link: .loopback(port: ports[$0.offset]))
            }
            let runtime = try NodeRuntime(
                settings: NodeSettings(
                    link: .loopback(port: ports[index]), dht: .loopback(port: 0),
                    dataPath: scratch.path + "/ledger\(index)", peers: peers),
                rules: rules, member: node.member, keys: node.keys, log: .silent)
            let store = try ContentStore(
                path: scratch.path + "/content\(index)", limits: limits, on: BlockingThreadExecutor(name: "content"))
            let shares = NodeShares(
                outer: try testnet.outer.share(of: node.shareIndex),
                wraps: try testnet.wraps.share(of: node.shareIndex))
            runtimes.append(runtime)
            stores.append(store)
            releases.append(ReleaseService(node: runtime, shares: shares))
            contents.append(ContentService(node: runtime, store: store, keys: NodeOuterKeys(node: runtime)))
        }
        (self.runtimes, self.contents, self.stores, self.releases) = (runtimes, contents, stores, releases)
    }

    var chain: ChainID { rules.chain }

    func start() async throws {
        for index in runtimes.indices.dropFirst() {
            await contents[index].install(on: runtimes[index])
            await releases[index].install(on: runtimes[index])
            try await runtimes[index].start()
        }
        var settings = RPCSettings()
        settings.http.port = 0
        let server = NodeServer(
            runtime: runtimes[0], rpc: settings,
            services: [
                contents[0], releases[0], RecordingService(node: runtimes[0]), HomeService(node: runtimes[0]),
            ], version: "test",
            gateway: ContentGateway(contents[0]).answer)
        port = try await server.start().rpcPort
        self.server = server
        for runtime in runtimes {
            let count = runtimes.count
            try await waitFor("addresses") { await runtime.dht.status.knownAddresses >= count }
        }
    }

    func stop() async {
        for index in runtimes.indices.dropFirst() {
            await contents[index].stop()
            await runtimes[index].stop()
        }
        await server?.stop()
        for store in stores { await store.close() }
    }

    /// Waits until every node knows what the first does.
    func settle() async throws {
        let height = await runtimes[0].chain.currentTip.record.height
        for runtime in runtimes {
            try await waitFor("height") { await runtime.chain.currentTip.record.height >= height }
        }
    }

    /// The device of a new person.
    func person() async throws -> HomeClient {
        let keys = DeviceKeys(sign: .generate(), agreement: .generate())
        let registration = try SignedRegistration(
            keys.sign.sign(
                .registration, chain: chain,
                body: Registration(
                    keys: MemberKeys(sign: keys.sign.publicKey, agreement: keys.agreement.publicKey), roles: .person,
                    salt: SecureRandom.bytes(count: Registration.saltByteCount)
                ).encoded))
        var hash = SHA256()
        let transaction = Transaction(
            .memberAdmit(MemberAdmit(registration: registration)), from: AuthorID(registrar.member), chain: chain,
            nonce: SecureRandom.bytes(count: Transaction.nonceByteCount),
            until: SystemTime.utc.adding(milliseconds: 60_000))
        let envelope = registrar.keys.sign.sign(.transaction, chain: chain, body: transaction.encoded).encoded
        let outcome = try await runtimes[0].chain.execute(envelope, within: .seconds(30))
        #expect(outcome.result == .succeeded)
        return try await HomeClient(
            url: "http://127.0.0.1:\(port)/rpc", http: http, rules: rules,
            member: registration.memberID(with: &hash), keys: keys)
    }

    func directory(_ name: String) -> String { scratch.path + "/" + name }

    /// Everybody may play, and nothing else.
    static func policy() throws -> [UInt8] { try Policy(permit: [PolicyRule(.play, to: .anyone)]).encoded }

    /// What the gateway answers.
    func gateway(_ path: String, query: String?) async -> HTTPResponse {
        await ContentGateway(contents[0]).answer(HTTPRequest(method: "GET", path: path, query: query))
    }
}
