import Crypto
import Ledger
import Node
import Primitives
import RPC
import Testing
import Wire

@Suite("Proofs over the RPC", .timeLimit(.minutes(2)), .serialized)
struct LightProofTests {
    @Test("Facts and absences, transactions and the growth of the log are proven to whoever does not believe")
    func proofs() async throws {
        let server = try await SoloServer()
        // Before the first block, the state is that of the genesis document.
        let before = try await server.ledger.fact(StateKey(.validators))
        #expect(before.record.height == .zero)
        let outcomes = try await server.admit(9)
        let member = server.documents.nodes[0].member
        let fact = try await server.ledger.fact(StateKey(.member, member))
        #expect(try MemberEntry(decoding: try #require(fact.value)).standing == .active)
        #expect(fact.record.height > .zero)
        #expect(try await server.ledger.fact(StateKey(.grant, member, member)).value == nil)
        for outcome in outcomes {
            let bundle = try await server.ledger.inclusion(of: outcome.id)
            #expect(bundle.leaf.height == outcome.height)
            #expect(bundle.leaf.code == 0)
        }
        #expect(try await server.ledger.record(at: outcomes[0].height).record.height == outcomes[0].height)
        let size = try await server.ledger.record().record.logSize
        for from in 0...size {
            for to in from...size { _ = try await server.ledger.consistency(from: from, to: to) }
        }
        await server.stop()
    }

    @Test("What is not there, and what is asked for wrongly, is refused by its code")
    func refusals() async throws {
        let server = try await SoloServer()
        let rpc = server.ledger.node.rpc
        func code(_ method: String, _ params: JSONValue) async -> RPCErrorCode? {
            do throws(RPCClientError) {
                _ = try await rpc.call(method, params)
                return nil
            } catch {
                guard case .refused(let error) = error else { return nil }
                return error.code
            }
        }
        let nothing = TransactionID.zero
        #expect(await code("ledger.bundle", ["keys": .list([])]) == .notReady)
        _ = try await server.admit(1)
        #expect(await code("ledger.proof", ["id": .string(nothing.hex)]) == .notFound)
        #expect(await code("ledger.proof", .object([])) == .invalidParameters)
        #expect(await code("ledger.proof", ["key": "ff"]) == .invalidParameters)
        let key = JSONValue.string(Hex.encode(StateKey(.validators).bytes))
        #expect(await code("ledger.proof", ["id": .string(nothing.hex), "key": key]) == .invalidParameters)
        #expect(await code("ledger.bundle", ["ids": .list([.string(nothing.hex)])]) == .notFound)
        #expect(await code("ledger.bundle", ["keys": .list(["00"])]) == .invalidParameters)
        #expect(await code("ledger.record", ["height": 99]) == .notFound)
        #expect(await code("ledger.consistency", ["from": 2, "to": 1]) == .invalidParameters)
        #expect(await code("ledger.consistency", ["from": 0, "to": 99]) == .invalidParameters)
        #expect(try await server.ledger.node.handovers(from: .zero).isEmpty)
        await server.stop()
    }

    @Test("A bundle from a node holds without it, of transactions and facts together")
    func bundle() async throws {
        let server = try await SoloServer()
        let outcomes = try await server.admit(3)
        let member = server.documents.nodes[0].member
        let keys = [StateKey(.member, member), StateKey(.validators), StateKey(.lease, member, member)]
        let bundle = try await server.ledger.node.bundle(of: outcomes.map(\.id), keys)
        await server.stop()
        let read = try ProofBundle(decoding: bundle.encoded)
        #expect(read == bundle)
        let report = try BundleCheck.check(read, chain: server.documents.chain)
        #expect(report.statements.count == 6)
        #expect(report.signers.count == 1)
        var shown = 0
        for case .transaction(_, let body?) in report.statements where outcomes.contains(where: { $0.id == body.id }) {
            shown += 1
        }
        #expect(shown == 3)
    }

    @Test("Through validator epochs that really end, devices, bundles and light clients follow")
    func epochs() async throws {
        let server = try await SoloServer(limits: Testnet.limits(epochHeights: 3))
        let outcomes = try await server.admit(8)
        let epoch = try await server.ledger.record().record.epoch
        #expect(epoch.rawValue >= 2)
        let bundle = try await server.ledger.node.bundle(of: [outcomes[0].id], [StateKey(.validators)])
        #expect(bundle.handovers.count >= 2)
        let report = try BundleCheck.check(bundle, chain: server.documents.chain)
        #expect(report.signers == (1, 1))
        #expect(report.statements.count == 2)
        let store = try LightStore(path: server.scratch.path + "/light", chain: server.documents.chain)
        let follower = try await LightFollower(
            server.documents.rules, primary: server.ledger.node, witnesses: [server.ledger.node], store: store,
            log: .silent)
        _ = try await follower.round()
        #expect(await follower.head?.record.epoch ?? .zero >= epoch)
        #expect(try await store.handovers(from: .zero, limit: 99).count >= 2)
        await store.close()
        await server.stop()
    }

    @Test("A node of another network, and one that shows another's record, proves nothing")
    func otherNetwork() async throws {
        let server = try await SoloServer()
        let stranger = try Documents(validators: 1)
        let ledger = try ProvenLedger(stranger.rules, node: server.ledger.node)
        await #expect(throws: LightError.self) { try await ledger.fact(StateKey(.validators)) }
        _ = try await server.admit(1)
        await #expect(throws: LightError.self) { try await ledger.fact(StateKey(.validators)) }
        await #expect(throws: LightError.self) { try await ledger.record() }
        await #expect(throws: LightError.self) { try await ledger.consistency(from: 0, to: 1) }
        await server.stop()
    }
}
