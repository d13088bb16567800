import Crypto
import EventLoop
import HTTP
import Ledger
import Links
import Node
import Primitives
import RPC
import Rights
import Signalling
import Testing
import Wire

/// Four validators with shares of the phone key; the first is a home node with an RPC port.
final class PhoneNetwork {
    let rules: RuleBook
    let nodes: [Testnet.Node]
    let registrar: Testnet.Node
    private(set) var runtimes: [NodeRuntime?]
    private(set) var services: [PhoneService?]
    private var server: NodeServer?
    private var running: [NodeRuntime] = []
    private var port: UInt16 = 0
    private let ports: [UInt16]
    private let scratch: Scratch
    private let http = HTTPClient(loop: GLibLoop(name: "test"))

    /// - Parameter liar: a validator that holds a share of another key.
    init(limits: NetworkLimits = Testnet.limits, liar: Int? = nil) throws {
        let testnet = try Testnet(name: "phones", validators: 4, time: SystemTime.utc, limits: limits)
        let other = try ThresholdDealer(.phone, sharingEpoch: SharingEpoch(1), memberCount: 4)
        nodes = testnet.nodes
        registrar = testnet.registrar
        var hash = SHA256()
        rules = RuleBook(genesis: testnet.genesis, judge: PolicyJudge(), with: &hash)
        scratch = try Scratch()
        let ports = try freePorts(4)
        self.ports = ports
        running = []
        (runtimes, services) = ([], [])
        for (index, node) in testnet.nodes.enumerated() {
            let peers = testnet.nodes.enumerated().filter { $0.offset != index }.map {
                NodeSettings.Peer(member: $0.element.member, link: .loopback(port: ports[$0.offset]))
            }
            let runtime = try NodeRuntime(
                settings: NodeSettings(
                    link: .loopback(port: ports[index]), dht: .loopback(port: 0),
                    dataPath: scratch.path + "/ledger\(index)", peers: peers),
                rules: rules, member: node.member, keys: node.keys, log: .silent)
            let share =
                index == liar
                ? try other.share(of: node.shareIndex) : try testnet.phone.share(of: node.shareIndex)
            runtimes.append(runtime)
            services.append(PhoneService(node: runtime, shares: NodeShares(phone: share)))
        }
    }

    var chain: ChainID { rules.chain }
    var home: NodeRuntime { get throws { try #require(runtimes[0]) } }

    /// Starts everything and waits until the nodes know each other.
    func start(without absent: Set<Int> = []) async throws {
        for index in 1..<4 where !absent.contains(index) {
            let runtime = try #require(runtimes[index])
            await services[index]?.install(on: runtime)
            try await runtime.start()
            running.append(runtime)
        }
        var settings = RPCSettings()
        settings.http.port = 0
        let service = try #require(services[0])
        let server = NodeServer(
            runtime: try home, rpc: settings, services: [service, DHTService(node: try home)], version: "test")
        port = try await server.start().rpcPort
        self.server = server
        running.append(try home)
        for runtime in running {
            try await waitFor("addresses") { await runtime.dht.status.knownAddresses >= running.count }
            try await waitFor("links") {
                await runtime.mesh.connectedMembers.count >= running.count - 1
            }
        }
    }

    func stop() async {
        for index in 1..<4 {
            await services[index]?.stop()
            await runtimes[index]?.stop()
        }
        await server?.stop()
        running = []
        (runtimes, services) = ([nil, nil, nil, nil], [nil, nil, nil, nil])
    }

    /// A person's device, admitted or not.
    func person(admitted: Bool = true) async throws -> HomeClient {
        let keys = DeviceKeys(sign: .generate(), agreement: .generate())
        let registration = try SignedRegistration(
            keys.sign.sign(
                .registration, chain: chain,
                body: Registration(
                    keys: MemberKeys(sign: keys.sign.publicKey, agreement: keys.agreement.publicKey), roles: .person,
                    salt: SecureRandom.bytes(count: Registration.saltByteCount)
                ).encoded))
        var hash = SHA256()
        let member = registration.memberID(with: &hash)
        if admitted {
            let transaction = Transaction(
                .memberAdmit(MemberAdmit(registration: registration)), from: AuthorID(registrar.member), chain: chain,
                nonce: SecureRandom.bytes(count: Transaction.nonceByteCount),
                until: SystemTime.utc.adding(milliseconds: 60_000))
            let envelope = registrar.keys.sign.sign(.transaction, chain: chain, body: transaction.encoded).encoded
            let outcome = try await home.chain.execute(envelope, within: .seconds(30))
            #expect(outcome.result == .succeeded)
            // Each validator judges by its own state.
            for runtime in running {
                try await waitFor("height") { await runtime.chain.currentTip.record.height >= outcome.height }
            }
        }
        return try await HomeClient(
            url: "http://127.0.0.1:\(port)/rpc", http: http, rules: rules, member: member, keys: keys)
    }

    /// Signs whatever it is asked to.
    var registrarsWord: NumberDirectory.Evidence {
        let (key, chain) = (registrar.keys.sign, chain)
        return { claim throws(NumberError) in
            key.sign(.numberStatement, chain: chain, body: claim.encoded).encoded
        }
    }

    func mailbox() throws -> MailboxAddress {
        MailboxAddress(node: try home.member, mailbox: try #require(MailboxID(SecureRandom.bytes(count: 32))))
    }

    static func number() throws -> PhoneNumber {
        try #require(PhoneNumber("+4915\(UInt32.random(in: 100_000_000...999_999_999))"))
    }

    static func prekeys() -> CID {
        var hash = SHA256()
        return CID(of: SecureRandom.bytes(count: 8), .dagCBOR, with: &hash)
    }
}
