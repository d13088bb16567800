import Crypto
import EventLoop
import Foundation
import HTTP
import KeyValue
import Ledger
import Node
import Primitives
import RPC
import Synchronization
import Testing
import Wire

@Suite("Beginning with a snapshot of other nodes", .timeLimit(.minutes(3)), .serialized)
struct BootstrapTests {
    /// What an operator would be told.
    private final class Notices: Sendable {
        private let list = Mutex<[Bootstrap.Notice]>([])

        var all: [Bootstrap.Notice] { list.withLock { $0 } }
        func add(_ notice: Bootstrap.Notice) { list.withLock { $0.append(notice) } }

        /// Who was left, and why.
        var left: [String: String] {
            var left: [String: String] = [:]
            for case .left(let name, let why) in all { left[name] = why }
            return left
        }

        /// How many chunks came from a node.
        var fetched: Int {
            all.reduce(0) { most, notice in
                if case .chunk(_, _, let fetched) = notice { return max(most, fetched) }
                return most
            }
        }
    }

    /// A stopped node's data that answer over the RPC, with snapshots beside them.
    private final class Server {
        let world: EpochStore
        let shelf: SnapshotShelf
        let path: String
        private let server: InspectServer
        private let http = HTTPClient(loop: GLibLoop(name: "client"))
        private(set) var port: UInt16 = 0

        /// - Parameter fork: its newest block is another one.
        init(_ world: EpochStore, name: String, snapshot: Bool = true, fork: Bool = false) async throws {
            self.world = world
            path = world.scratch.path + "/" + name
            try DurableDirectory.make(path)
            if snapshot {
                let directory = SnapshotDirectory(path + "/\(try world.tip.record.height)")
                _ = try SnapshotWriter.write(world.store, rules: world.rules, into: directory)
            }
            shelf = try SnapshotShelf(path: path, chain: world.rules.chain)
            // Each has a store of its own.
            let copy = world.scratch.path + "/" + name + "-ledger"
            let target = try ChainStore(path: copy, rules: world.rules)
            var replay = try LedgerReplay(world.store, into: target, rules: world.rules)
            let top = try world.tip.record.height
            _ = try replay.run(upTo: fork ? Height(top.rawValue - 1) : top)
            if fork {
                var filler = try world.filler(of: target)
                try filler.add([[UInt8]](), at: world.time)
            }
            var settings = RPCSettings()
            settings.http.port = 0
            settings.addressTokensPerSecond = 1e6
            settings.addressTokenBurst = 1e6
            settings.http.requestsPerSecond = 1e6
            settings.http.requestBurst = 1e6
            server = try InspectServer(
                store: target, rules: world.rules, member: world.documents.nodes[0].member, rpc: settings,
                version: "test", snapshots: shelf)
            port = try await server.start()
        }

        func source(_ name: String) -> Bootstrap.Source {
            Bootstrap.Source(name, RPCClient(http: http, url: "http://127.0.0.1:\(port)/rpc"))
        }

        var snapshot: SnapshotDirectory {
            get throws {
                let name = try #require(DurableDirectory.names(in: path).first { UInt64($0) != nil })
                return SnapshotDirectory(path + "/" + name)
            }
        }

        func stop() async { await server.stop() }
    }

    private func world() throws -> EpochStore {
        let world = try EpochStore()
        try world.add([world.rotation()])
        try world.fill(to: 10, echoes: [4: 2])
        return world
    }

    private func silent(_ name: String) -> Bootstrap.Source {
        Bootstrap.Source(
            name, RPCClient(http: HTTPClient(loop: GLibLoop(name: "silent")), url: "http://127.0.0.1:1/rpc"))
    }

    private func run(
        _ sources: [Bootstrap.Source], _ world: EpochStore, _ notices: Notices = Notices(), into name: String = "new"
    ) async throws -> SnapshotManifest {
        let bootstrap = try Bootstrap(
            from: sources, into: world.scratch.path + "/\(name)-bootstrap", rules: world.rules
        ) { notices.add($0) }
        defer { bootstrap.stop() }
        return try await bootstrap.run(to: world.scratch.path + "/" + name)
    }

    @Test("Who is silent or of another network is left, and the ledger is made from the snapshot of one who is neither")
    func plain() async throws {
        let world = try world()
        let server = try await Server(world, name: "honest")
        let stranger = try await Server(try self.world(), name: "stranger")
        let empty = try await Server(world, name: "empty", snapshot: false)
        let notices = Notices()
        let sources = [silent("nobody"), stranger.source("stranger"), empty.source("empty"), server.source("honest")]
        let manifest = try await run(sources, world, notices)
        #expect(manifest.height == Height(10))
        #expect(Set(notices.left.keys) == ["nobody", "stranger"])
        #expect(notices.left["stranger"]?.contains("otherChain") == true)
        #expect(notices.all.contains(.empty("empty")))
        #expect(!DurableDirectory.exists(world.scratch.path + "/new-bootstrap"))
        let store = try ChainStore(path: world.scratch.path + "/new", rules: world.rules)
        #expect(try store.tip().record == world.tip.record)
        #expect(try world.trail(store) == world.trail(world.store))
        _ = try world.verify(store)
        store.close()
        // Where a ledger is, none is made.
        await #expect(throws: Bootstrap.Fault.self) { try await run(sources, world) }
        for server in [server, stranger, empty] { await server.stop() }
    }

    @Test("The newest snapshot is taken; who hands out other chunks than it names is named, and another gives them")
    func badChunks() async throws {
        let world = try world()
        let liar = try await Server(world, name: "liar")
        let twin = try await Server(world, name: "twin", snapshot: false)
        // The same snapshot at another node.
        try FileManager.default.copyItem(atPath: try liar.snapshot.path, toPath: twin.path + "/10")
        let file = try liar.snapshot.path + "/chunk-000002"
        var bytes = try Data(contentsOf: URL(filePath: file))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: file))
        let notices = Notices()
        let manifest = try await run([liar.source("liar"), twin.source("twin")], world, notices)
        #expect(manifest.height == Height(10))
        #expect(notices.left.keys.sorted() == ["liar"])
        #expect(notices.left["liar"]?.contains("chunk 2") == true)
        #expect(notices.fetched == manifest.chunks.count)
        for server in [liar, twin] { await server.stop() }
    }

    @Test("A snapshot whose chunks are what it names and not what its record says is thrown away, and its maker named")
    func forgedSnapshot() async throws {
        let world = try world()
        let honest = try await Server(world, name: "honest")
        try world.fill(to: 11)
        let forger = try await Server(world, name: "forger")
        try forge(try forger.snapshot)
        let notices = Notices()
        let manifest = try await run([forger.source("forger"), honest.source("honest")], world, notices)
        #expect(manifest.height == Height(10))
        #expect(notices.left.keys.sorted() == ["forger"])
        #expect(notices.left["forger"]?.contains("step state") == true)
        let store = try ChainStore(path: world.scratch.path + "/new", rules: world.rules)
        #expect(try store.tip().record == manifest.tip.record)
        store.close()
        // Alone, it brings nothing, and leaves nothing.
        let alone = await #expect(throws: Bootstrap.Fault.self) {
            try await run([forger.source("forger")], world, into: "other")
        }
        if case .noSnapshot? = alone {} else { Issue.record("it should find no snapshot") }
        #expect(!DurableDirectory.exists(world.scratch.path + "/other"))
        for server in [honest, forger] { await server.stop() }
    }

    /// Changes a fact, and names the new chunk in the manifest.
    private func forge(_ directory: SnapshotDirectory) throws {
        var hash = SHA256()
        let manifest = try directory.manifest()
        var parts = manifest.chunks
        let index = try #require(parts.indices.last { parts[$0].kind == .state })
        let chunk = try SnapshotChunk(decoding: try directory.chunk(index, parts[index], with: &hash))
        var rows = chunk.rows
        rows[rows.count - 1][rows[rows.count - 1].count - 1] ^= 1
        let bytes = SnapshotChunk(kind: .state, rows: rows).encoded
        try directory.put(bytes, at: index)
        parts[index] = SnapshotManifest.Part(kind: .state, byteCount: bytes.count, hash: hash.digest(bytes))
        try directory.put(
            SnapshotManifest(tip: manifest.tip, chain: manifest.chain, proof: manifest.proof, chunks: parts))
    }

    @Test("When two nodes prove two records of the snapshot's height, nothing is fetched and both are named")
    func fork() async throws {
        let world = try world()
        let one = try await Server(world, name: "one")
        let other = try await Server(world, name: "other", snapshot: false, fork: true)
        let fault = await #expect(throws: Bootstrap.Fault.self) {
            try await run([one.source("one"), other.source("other")], world)
        }
        if case .forked(let alarm, "one", "other")? = fault {
            #expect(alarm.first.record.height == Height(10))
            #expect(alarm.evidence.count == 1)
        } else {
            Issue.record("it should have seen the fork")
        }
        #expect(!DurableDirectory.exists(world.scratch.path + "/new"))
        for server in [one, other] { await server.stop() }
    }

    @Test(
        "What was cut short goes on with the same snapshot, though there is a newer one, fetching only what is missing")
    func resuming() async throws {
        let world = try world()
        let server = try await Server(world, name: "honest")
        let into = world.scratch.path + "/new-bootstrap"
        let whole = try server.snapshot
        let manifest = try whole.manifest()
        // As a process leaves it that was killed: the manifest under its other name, some chunks, one of them half.
        try DurableDirectory.make(into)
        let count = manifest.chunks.count
        for index in 0..<count - 1 {
            let name = "/chunk-00000\(index)"
            try FileManager.default.copyItem(atPath: whole.path + name, toPath: into + name)
        }
        let half = into + "/chunk-000001"
        try Data(try Data(contentsOf: URL(filePath: half)).dropLast(3)).write(to: URL(filePath: half))
        try Data(manifest.encoded).write(to: URL(filePath: into + "/manifest.cbor.fetching"))
        try world.fill(to: 11)
        let newer = try await Server(world, name: "newer")
        let notices = Notices()
        let taken = try await run([newer.source("newer"), server.source("honest")], world, notices)
        #expect(taken.height == Height(10))
        #expect(notices.fetched == 2)
        #expect(notices.left.isEmpty)
        for server in [server, newer] { await server.stop() }
    }

    @Test("What nobody has any more is given up for a newer one, whose chunks take its place")
    func outdated() async throws {
        let world = try world()
        let into = world.scratch.path + "/new-bootstrap"
        let old = SnapshotDirectory(world.scratch.path + "/old")
        let manifest = try SnapshotWriter.write(world.store, rules: world.rules, into: old)
        try DurableDirectory.make(into)
        try Data(manifest.encoded).write(to: URL(filePath: into + "/manifest.cbor.fetching"))
        try world.fill(to: 11)
        let server = try await Server(world, name: "newer")
        let notices = Notices()
        let taken = try await run([server.source("newer")], world, notices)
        #expect(taken.height == Height(11))
        #expect(notices.all.contains { if case .passed(Height(10), _) = $0 { true } else { false } })
        await server.stop()
    }

    @Test("A running node makes snapshots, keeps two, and hands them out; who begins with one catches up over its link")
    func live() async throws {
        let world = try EpochStore()
        try world.add([try world.newcomerAdmission(), world.rotation()])
        try world.fill(to: 8, echoes: [4: 1])
        world.store.close()
        let port = try freePorts(1)[0]
        let validator = try world.validator(port: port)
        var settings = RPCSettings()
        settings.http.port = 0
        settings.addressTokensPerSecond = 1e6
        settings.addressTokenBurst = 1e6
        settings.http.requestsPerSecond = 1e6
        settings.http.requestBurst = 1e6
        let shelf = try SnapshotShelf(path: world.scratch.path + "/made", chain: world.rules.chain)
        let server = NodeServer(
            runtime: validator, rpc: settings, services: [SnapshotService(shelf, every: 2)], version: "test")
        let rpcPort = try await server.start().rpcPort
        let client = RPCClient(http: HTTPClient(loop: GLibLoop(name: "client")), url: "http://127.0.0.1:\(rpcPort)/rpc")
        var heights: Set<UInt64> = []
        // The heartbeat makes blocks.
        try await eventually("three snapshots were made") {
            let list = try await client.call("snapshot.list", .object([])).list ?? []
            heights.formUnion(list.compactMap { $0["height"]?.unsigned })
            return heights.count >= 3
        }
        try await eventually("the oldest is gone") {
            DurableDirectory.names(in: world.scratch.path + "/made").count { UInt64($0) != nil } <= 2
        }
        let manifest = try await run([Bootstrap.Source("validator", client)], world, into: "newcomer")
        #expect(manifest.height > Height(8))
        let follower = try world.follower("newcomer", of: port)
        try await follower.start()
        let outcome = try await validator.chain.execute(try world.documents.admission(), within: .seconds(60))
        try await eventually("the newcomer has it") {
            await follower.chain.currentTip.record.height >= outcome.height
        }
        await follower.stop()
        await server.stop()
        let store = try ChainStore(path: world.scratch.path + "/newcomer", rules: world.rules)
        #expect(try world.verify(store).prunedBlocks == manifest.height.rawValue)
        store.close()
    }
}
