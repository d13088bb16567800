import Crypto
import EventLoop
import HTTP
import Primitives
import RPC

/// A node with a few methods on a free loopback port, and clients for it.
struct TestNode {
    static let id = MemberID(raw: Bytes32(words: (1, 2, 3, 4)))
    static let chain = ChainID(raw: Bytes32(words: (5, 6, 7, 8)))
    static let member = MemberID(raw: Bytes32(words: (9, 9, 9, 9)))

    let server: RPCServer
    let metrics = MetricsRegistry()
    let http: HTTPClient
    let client: RPCClient
    let topic = RPCTopic("test.ticks", "Counts.", value: "a number")
    let port: UInt16
    let key: SigningKey

    init(
        settings: RPCSettings = RPCSettings(), gate: AsyncStream<Void>? = nil, unreadiness: String? = nil
    ) async throws {
        let key = SigningKey.generate()
        self.key = key
        var registry = Self.registry(gate: gate)
        registry.add(topic)
        let node = RPCNode(
            id: Self.id, chain: Self.chain,
            standing: { member, signer in
                guard member == Self.member else { return .unknownMember }
                return signer == key.publicKey ? .active : .key
            },
            unreadiness: { unreadiness },
            gateway: { request in
                request.queryValue("format") == "raw"
                    ? HTTPResponse("application/vnd.ipld.raw", Array(request.path.utf8)) : .text(400, "format=raw")
            })
        server = RPCServer(
            loop: GLibLoop(name: "node"), settings: settings, registry: registry, node: node, metrics: metrics)
        port = try await server.start()
        http = HTTPClient(loop: GLibLoop(name: "client"))
        client = RPCClient(http: http, url: "http://127.0.0.1:\(port)/rpc")
    }

    func signer(key: SigningKey? = nil, node: MemberID = Self.id, member: MemberID = Self.member) -> RequestSigner {
        RequestSigner(member: member, key: key ?? self.key, node: node, chain: Self.chain)
    }

    func socket(patience: Duration = .seconds(60)) async throws -> RPCSocket {
        try await RPCSocket.open("ws://127.0.0.1:\(port)/rpc", http: http, patience: patience)
    }

    func post(_ text: String, type: String = "application/json") async throws -> HTTPResponse {
        try await http.send(
            "POST", "http://127.0.0.1:\(port)/rpc", headers: [HTTPHeader("Content-Type", type)], body: Array(text.utf8))
    }

    func get(_ path: String) async throws -> HTTPResponse {
        try await http.send("GET", "http://127.0.0.1:\(port)\(path)")
    }

    static func registry(gate: AsyncStream<Void>?) -> RPCRegistry {
        var registry = RPCRegistry(version: "1.2.3")
        registry.add(
            RPCMethod(
                "test.echo", "Returns its parameter.",
                parameters: [RPCParameter("value", .any, required: false, "anything")],
                result: RPCParameter("value", .any, "the same")
            ) { call throws(RPCError) in call.arguments["value"] ?? .null })
        registry.add(
            RPCMethod(
                "test.whoami", "Names the signer.", parameters: [RPCParameter("n", .unsigned, required: false, "n")],
                result: RPCParameter("member", .identifier, "its id"), errors: [.unauthorised], authority: .member
            ) { call throws(RPCError) in
                ["member": .string(call.member?.hex ?? ""), "n": call.arguments["n"] ?? .null]
            })
        registry.add(
            RPCMethod(
                "test.wait", "Waits for the gate.", result: RPCParameter("done", .boolean, "true"), rateClass: .heavy
            ) { _ throws(RPCError) in
                if let gate { for await _ in gate {} }
                return true
            })
        registry.add(
            RPCMethod("test.fail", "Fails.", result: RPCParameter("never", .any, ""), errors: [.notFound]) {
                _ throws(RPCError) in throw RPCError(.notFound)
            })
        return registry
    }
}
