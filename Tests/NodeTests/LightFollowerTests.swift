import Crypto
import EventLoop
import HTTP
import Ledger
import Node
import Primitives
import RPC
import Synchronization
import Testing
import Wire

/// A node that shows a signed chain, and nothing else.
private final class SignedNode: Sendable {
    private let shown: Mutex<SignedChain>
    private let isWeak = Mutex(false)
    private let server: RPCServer
    let ledger: NodeLedger

    init(_ chain: SignedChain) async throws {
        shown = Mutex(chain)
        var registry = RPCRegistry(version: "test")
        let box = Box()
        for method in Self.methods(box) { registry.add(method) }
        var settings = RPCSettings()
        settings.http.port = 0
        settings.addressTokensPerSecond = 1e6
        settings.addressTokenBurst = 1e6
        let node = RPCNode(id: .zero, chain: chain.rules.chain, standing: { _, _ in .unknownMember })
        server = RPCServer(
            loop: GLibLoop(name: "signed"), settings: settings, registry: registry, node: node,
            metrics: MetricsRegistry())
        let port = try await server.start()
        ledger = NodeLedger(
            RPCClient(http: HTTPClient(loop: GLibLoop(name: "light")), url: "http://127.0.0.1:\(port)/rpc"))
        box.node.withLock { $0 = self }
    }

    /// Reaches the node from methods that are made before it.
    private final class Box: Sendable {
        let node = Mutex<SignedNode?>(nil)
        var chain: SignedChain? { node.withLock { $0 }?.shown.withLock { $0 } }
        var isWeak: Bool { node.withLock { $0 }?.isWeak.withLock { $0 } ?? false }
    }

    func show(_ chain: SignedChain) { shown.withLock { $0 = chain } }
    /// Whether its proofs are signed by too few.
    func weaken(_ isIt: Bool = true) { isWeak.withLock { $0 = isIt } }
    func stop() async { await server.stop() }

    private static func methods(_ box: Box) -> [RPCMethod] {
        let any = RPCParameter("answer", .any, "anything")
        return [
            RPCMethod(
                "ledger.record", "A record.", parameters: [RPCParameter("height", .unsigned, required: false, "it")],
                result: any
            ) { call throws(RPCError) in
                guard let chain = box.chain else { throw RPCError(.notFound) }
                let height = call.arguments["height"]?.unsigned ?? UInt64(chain.proven.count)
                guard height > 0, height <= UInt64(chain.proven.count) else { throw RPCError(.notFound) }
                let weak = box.isWeak ? try? chain.underSigned(Int(height)) : nil
                return [
                    "height": .unsigned(height),
                    "proven": .string(Hex.encode((weak ?? chain.proven[Int(height) - 1]).encoded)),
                    "validators": .null,
                ]
            },
            RPCMethod(
                "ledger.handovers", "Handovers.", parameters: [RPCParameter("from", .unsigned, "it")], result: any
            ) { call throws(RPCError) in
                let from = Int(try call.arguments.unsigned("from"))
                // Two at a time, so that a client must ask again.
                return .list(
                    (box.chain?.handovers ?? []).dropFirst(from).prefix(2).map { .string(Hex.encode($0.encoded)) })
            },
            RPCMethod(
                "ledger.consistency", "Growth.",
                parameters: [RPCParameter("from", .unsigned, "it"), RPCParameter("to", .unsigned, "it")], result: any
            ) { call throws(RPCError) in
                let (from, to) = (try call.arguments.unsigned("from"), try call.arguments.unsigned("to"))
                guard let proof = try? box.chain?.consistency(from: from, to: to) else { throw RPCError(.notFound) }
                return proof.json
            },
        ]
    }
}

@Suite("A light client that follows nodes", .timeLimit(.minutes(2)), .serialized)
struct LightFollowerTests {
    private struct World {
        let primary: SignedNode
        let witnesses: [SignedNode]
        let scratch: Scratch
        var rules: RuleBook

        init(_ chain: SignedChain, witnesses chains: [SignedChain]) async throws {
            rules = chain.rules
            primary = try await SignedNode(chain)
            var nodes: [SignedNode] = []
            for chain in chains { nodes.append(try await SignedNode(chain)) }
            witnesses = nodes
            scratch = try Scratch()
        }

        func store() throws -> LightStore { try LightStore(path: scratch.path + "/light", chain: rules.chain) }

        func follower(_ store: LightStore, at now: Timestamp = SystemTime.utc) async throws -> LightFollower {
            try await LightFollower(
                rules, primary: primary.ledger, witnesses: witnesses.map(\.ledger), store: store, at: now, log: .silent)
        }

        func stop() async {
            await primary.stop()
            for witness in witnesses { await witness.stop() }
        }
    }

    private func chain(_ height: UInt64) throws -> SignedChain {
        var limits = Testnet.limits
        limits.epochHeights = SignedChain.epochHeights
        var chain = try SignedChain(try Documents(validators: 4, limits: limits))
        try chain.grow(to: height)
        return chain
    }

    @Test("It walks six validator epochs, remembers where it stands, and goes on from there")
    func follows() async throws {
        var chain = try chain(22)
        let world = try await World(chain, witnesses: [chain, chain])
        var store = try world.store()
        var follower = try await world.follower(store)
        #expect(try await follower.round() == .advanced(chain.head, witnesses: 2))
        #expect(try await follower.round() == .unchanged)
        #expect(try await store.handovers(from: .zero, limit: 99) == chain.handovers)
        await store.close()
        try chain.grow(to: 25)
        for node in [world.primary] + world.witnesses { node.show(chain) }
        store = try world.store()
        follower = try await world.follower(store)
        #expect(await follower.head?.record.height == Height(22))
        #expect(try await follower.round() == .advanced(chain.head, witnesses: 2))
        await store.close()
        // What is remembered for longer than the trust period leads nowhere.
        store = try world.store()
        let late = SystemTime.utc.adding(milliseconds: world.rules.genesis.limits.trustPeriod + 60_000)
        await #expect(throws: FollowError.self) { _ = try await world.follower(store, at: late) }
        try await store.forget()
        #expect(await (try await world.follower(store, at: late)).head == nil)
        await store.close()
        await world.stop()
    }

    @Test("What too few witnesses show is not taken; a witness that is behind catches up, one that lies never counts")
    func witnesses() async throws {
        let old = try chain(6)
        var new = old
        try new.grow(to: 7)
        let world = try await World(new, witnesses: [new, old])
        let store = try world.store()
        let follower = try await world.follower(store)
        #expect(try await follower.round() == .unconfirmed(new.head, witnesses: 1))
        #expect(await follower.head?.record.height == Height(4))
        world.witnesses[1].show(new)
        #expect(try await follower.round() == .advanced(new.head, witnesses: 2))
        try new.grow(to: 8)
        for node in [world.primary] + world.witnesses { node.show(new) }
        world.witnesses[0].weaken()
        #expect(try await follower.round() == .unconfirmed(new.head, witnesses: 1))
        #expect(await follower.alarm == nil)
        world.primary.weaken()
        await #expect(throws: FollowError.self) { try await follower.round() }
        world.primary.weaken(false)
        // A handover comes before what stands on it, and is held against the witnesses like any record.
        try new.grow(to: 9)
        for node in [world.primary] + world.witnesses { node.show(new) }
        #expect(try await follower.round() == .unconfirmed(new.proven[7], witnesses: 1))
        #expect(await follower.head?.record.height == Height(7))
        await store.close()
        await world.stop()
    }

    @Test("Two final ledgers stop it at the height where they part, for good, with the votes that made them")
    func fork() async throws {
        var one = try chain(5)
        var other = one
        try one.grow(to: 11, mark: 1)
        try other.grow(to: 11, mark: 2, skipping: 1)
        let world = try await World(one, witnesses: [one, other])
        var store = try world.store()
        let follower = try await world.follower(store)
        do {
            _ = try await follower.round()
            Issue.record("a split ledger was followed")
        } catch {
            guard case .forked(let alarm) = error else { throw error }
            #expect(alarm.first == one.proven[5])
            #expect(alarm.second == other.proven[5])
            #expect(alarm.evidence.count == 3)
        }
        await #expect(throws: FollowError.self) { try await follower.round() }
        #expect(await follower.head?.record.height == Height(4))
        await store.close()
        store = try world.store()
        #expect(try await store.alarm() == (await follower.alarm))
        await #expect(throws: FollowError.self) { _ = try await world.follower(store) }
        await store.close()
        await world.stop()
    }

    @Test("A node that shows another ledger than it showed before is found out without a witness")
    func rewritten() async throws {
        var one = try chain(2)
        var other = one
        try one.grow(to: 3, mark: 1)
        try other.grow(to: 4, mark: 2)
        let world = try await World(one, witnesses: [])
        let store = try world.store()
        let follower = try await world.follower(store)
        #expect(try await follower.round() == .advanced(one.head, witnesses: 0))
        world.primary.show(other)
        do {
            _ = try await follower.round()
            Issue.record("a rewritten ledger was followed")
        } catch {
            guard case .forked(let alarm) = error else { throw error }
            #expect(alarm.first.record.height == Height(3))
            #expect(alarm.evidence.count == 3)
        }
        await store.close()
        await world.stop()
    }

    @Test("A store of another network is refused")
    func otherStore() async throws {
        let scratch = try Scratch()
        let store = try LightStore(path: scratch.path + "/light", chain: .zero)
        await store.close()
        let other = ChainID(raw: Bytes32(words: (1, 2, 3, 4)))
        #expect(throws: LightStoreError.otherChain) { try LightStore(path: scratch.path + "/light", chain: other) }
    }
}
