internal import Crypto
internal import EventLoop
internal import HTTP
internal import Ledger
internal import Links
internal import Node
internal import Primitives
internal import RPC
internal import Rights
internal import Wire

/// Four validators in this process with all that a call needs: shares of the phone key, mailboxes, an RPC port each.
final class CallNetwork: Sendable {
    private let rules: RuleBook
    private let registrar: Testnet.Node
    private let servers: [NodeServer]
    private let ports: [UInt16]
    private let http = HTTPClient(loop: GLibLoop(name: "phones"))

    init() async throws {
        var limits = Testnet.limits
        limits.lookupsPerDay = 10_000
        let testnet = try Testnet(name: "bench", validators: 4, time: SystemTime.utc, limits: limits)
        var hash = SHA256()
        rules = RuleBook(genesis: testnet.genesis, judge: PolicyJudge(), with: &hash)
        registrar = testnet.registrar
        let path = try Leftovers.shared.directory()
        var peers: [NodeSettings.Peer] = []
        var (servers, ports): ([NodeServer], [UInt16]) = ([], [])
        for (index, node) in testnet.nodes.enumerated() {
            // Each dials those that listen already.
            let settings = NodeSettings(
                link: .loopback(port: 0), dht: .loopback(port: 0), dataPath: path + "/\(index)", peers: peers)
            let runtime = try NodeRuntime(
                settings: settings, rules: rules, member: node.member, keys: node.keys, log: .silent)
            let shares = NodeShares(phone: try testnet.phone.share(of: node.shareIndex))
            let server = NodeServer(
                runtime: runtime, rpc: Self.rpc,
                services: [
                    PhoneService(node: runtime, shares: shares), DHTService(node: runtime), HomeService(node: runtime),
                ], version: "bench")
            let addresses = try await server.start()
            if let link = addresses.link { peers.append(NodeSettings.Peer(member: node.member, link: link)) }
            servers.append(server)
            ports.append(addresses.rpcPort)
        }
        (self.servers, self.ports) = (servers, ports)
        try await wait("the nodes do not find each other") {
            for server in servers where await server.runtime.dht.status.knownAddresses < servers.count { return false }
            return true
        }
    }

    /// Nobody calls as often as a measurement: what one member and one address may ask is lifted.
    private static var rpc: RPCSettings {
        var settings = RPCSettings()
        (settings.memberTokensPerSecond, settings.memberTokenBurst) = (1e6, 1e6)
        (settings.addressTokensPerSecond, settings.addressTokenBurst) = (1e6, 1e6)
        (settings.http.requestsPerSecond, settings.http.requestBurst) = (1e6, 1e6)
        return settings
    }

    /// A new member whose home is the node at `index`.
    func person(at index: Int) async throws -> HomeClient {
        let keys = DeviceKeys(sign: .generate(), agreement: .generate())
        let body = Registration(
            keys: MemberKeys(sign: keys.sign.publicKey, agreement: keys.agreement.publicKey), roles: .person,
            salt: SecureRandom.bytes(count: Registration.saltByteCount)
        ).encoded
        let registration = try SignedRegistration(keys.sign.sign(.registration, chain: rules.chain, body: body))
        let transaction = Transaction(
            .memberAdmit(MemberAdmit(registration: registration)), from: AuthorID(registrar.member),
            chain: rules.chain, nonce: SecureRandom.bytes(count: Transaction.nonceByteCount),
            until: SystemTime.utc.adding(milliseconds: 60_000))
        let outcome = try await servers[index].runtime.chain.execute(
            registrar.keys.sign.sign(.transaction, chain: rules.chain, body: transaction.encoded).encoded,
            within: .seconds(30))
        guard outcome.result == .succeeded else { throw BenchError("a member was not admitted: \(outcome.result)") }
        // Each validator judges by its own state.
        try await wait("the nodes do not follow") {
            for server in servers where await server.runtime.chain.currentTip.record.height < outcome.height {
                return false
            }
            return true
        }
        var hash = SHA256()
        return try await HomeClient(
            url: "http://127.0.0.1:\(ports[index])/rpc", http: http, rules: rules,
            member: registration.memberID(with: &hash), keys: keys)
    }

    /// Believes every claim to a number.
    var registrarsWord: NumberDirectory.Evidence {
        let (key, chain) = (registrar.keys.sign, rules.chain)
        return { claim throws(NumberError) in
            key.sign(.numberStatement, chain: chain, body: claim.encoded).encoded
        }
    }

    func stop() async {
        for server in servers { await server.stop() }
    }

    private func wait(_ fault: String, until isDone: () async -> Bool) async throws {
        let end = SystemTime.monotonic + .seconds(30)
        while !(await isDone()) {
            guard SystemTime.monotonic < end else { throw BenchError(fault) }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
