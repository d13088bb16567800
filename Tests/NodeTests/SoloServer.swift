import Crypto
import EventLoop
import HTTP
import Ledger
import Node
import Primitives
import RPC
import Testing

/// A validator alone in its network, with an RPC port and a client that asks it.
final class SoloServer {
    let documents: Documents
    let http = HTTPClient(loop: GLibLoop(name: "test"))
    let url: String
    let ledger: ProvenLedger
    let scratch: Scratch
    private let server: NodeServer

    init(limits: NetworkLimits = Testnet.limits) async throws {
        documents = try Documents(validators: 1, limits: limits)
        scratch = try Scratch()
        let node = documents.nodes[0]
        let runtime = try NodeRuntime(
            settings: NodeSettings(
                link: .loopback(port: 0), dht: .loopback(port: 0), dataPath: scratch.path + "/ledger", peers: []),
            rules: documents.rules, member: node.member, keys: node.keys, log: .silent)
        var settings = RPCSettings()
        settings.http.port = 0
        settings.addressTokensPerSecond = 1e6
        settings.addressTokenBurst = 1e6
        server = NodeServer(runtime: runtime, rpc: settings, version: "test")
        url = "http://127.0.0.1:\(try await server.start().rpcPort)"
        ledger = try ProvenLedger(documents.rules, node: NodeLedger(RPCClient(http: http, url: url + "/rpc")))
    }

    var chain: ChainActor { server.runtime.chain }
    var store: ChainStore { chain.store }

    /// Admits so many persons, one transaction after the other.
    func admit(_ count: Int) async throws -> [TransactionOutcome] {
        var outcomes: [TransactionOutcome] = []
        for _ in 0..<count {
            outcomes.append(try await chain.execute(try documents.admission(), within: .seconds(30)))
        }
        return outcomes
    }

    func stop() async { await server.stop() }
}
