import Crypto
import EventLoop
import HTTP
import Ledger
import Node
import Primitives
import RPC
import Testing

@Suite("A peer that keeps no blocks", .timeLimit(.minutes(2)), .serialized)
struct PeerServerTests {
    private struct Peer {
        let server: PeerServer
        let follower: LightFollower
        let ledger: ProvenLedger

        init(of home: SoloServer, witnesses: [NodeLedger]) async throws {
            let store = try LightStore(path: home.scratch.path + "/light", chain: home.documents.chain)
            follower = try await LightFollower(
                home.documents.rules, primary: home.ledger.node, witnesses: witnesses, store: store, log: .silent)
            var settings = RPCSettings()
            settings.http.port = 0
            server = PeerServer(
                member: .zero, follower: follower, store: store, home: home.ledger, rpc: settings, version: "test",
                log: .silent)
            let url = "http://127.0.0.1:\(try await server.start())/rpc"
            ledger = try ProvenLedger(
                home.documents.rules, node: NodeLedger(RPCClient(http: home.http, url: url)))
        }
    }

    @Test("It answers with proofs that its witnesses share, and hands transactions on")
    func answers() async throws {
        let home = try await SoloServer()
        let outcomes = try await home.admit(2)
        let peer = try await Peer(of: home, witnesses: [home.ledger.node, home.ledger.node])
        try await eventually("a record is taken") { await peer.follower.head != nil }
        #expect(try await peer.ledger.record().record.height >= outcomes[1].height)
        let member = home.documents.nodes[0].member
        #expect(try await peer.ledger.fact(StateKey(.member, member)).value != nil)
        #expect(try await peer.ledger.fact(StateKey(.grant, member, member)).value == nil)
        #expect(try await peer.ledger.inclusion(of: outcomes[0].id).leaf.height == outcomes[0].height)
        #expect(try await peer.ledger.node.handovers(from: .zero).isEmpty)
        let answer = try await peer.ledger.node.rpc.call(
            "ledger.submit", ["envelope": .string(Hex.encode(try home.documents.admission())), "wait": 30_000])
        let outcome = try #require(TransactionOutcome(json: answer))
        #expect(try await peer.ledger.inclusion(of: outcome.id).leaf.code == 0)
        try await eventually("the new record is taken") {
            await peer.follower.head?.record.height ?? .zero >= outcome.height
        }
        await peer.server.stop()
        await home.stop()
    }

    @Test("What its witnesses do not show, it does not give on")
    func unseen() async throws {
        let home = try await SoloServer()
        let other = try await SoloServer()
        _ = try await home.admit(1)
        _ = try await other.admit(1)
        let peer = try await Peer(of: home, witnesses: [home.ledger.node, other.ledger.node])
        do {
            _ = try await peer.ledger.fact(StateKey(.validators))
            Issue.record("a fact that one witness shows was given on")
        } catch {
            guard case .rpc(.refused(let refusal)) = error else { throw error }
            #expect(refusal.code == .notReady)
        }
        #expect(await peer.follower.head == nil)
        await peer.server.stop()
        await home.stop()
        await other.stop()
    }
}
