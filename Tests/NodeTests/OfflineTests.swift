import Crypto
import EventLoop
import Foundation
import HTTP
import KeyValue
import Ledger
import Node
import Primitives
import RPC
import Testing
import Wire

@Suite("A stopped node's data", .timeLimit(.minutes(2)))
struct OfflineTests {
    private func replay(_ filled: FilledStore, from snapshot: SnapshotDirectory? = nil) throws -> LedgerReplay.Report {
        let path = filled.scratch.path + "/replay"
        try? FileManager.default.removeItem(atPath: path)
        if let snapshot { try SnapshotRestore.run(snapshot, to: path, rules: filled.documents.rules) }
        let target = try ChainStore(path: path, rules: filled.documents.rules)
        defer { target.close() }
        var replay = try LedgerReplay(filled.store, into: target, rules: filled.documents.rules)
        let report = try replay.run(upTo: try filled.tip.record.height)
        #expect(try target.tip() == filled.tip || snapshot != nil)
        #expect(try target.tip().record == filled.tip.record)
        return report
    }

    @Test("Executing everything again, from genesis or from a snapshot, gives every record again")
    func replaying() throws {
        let filled = try FilledStore(FilledStore.small)
        try filled.fill(blocks: 5, transactions: 2)
        let snapshot = SnapshotDirectory(filled.scratch.path + "/snapshot")
        _ = try SnapshotWriter.write(filled.store, rules: filled.documents.rules, into: snapshot)
        try filled.fill(blocks: 20, transactions: 2)
        let whole = try replay(filled)
        #expect(whole.blocks == 25)
        #expect(whole.transactions == 50)
        let rest = try replay(filled, from: snapshot)
        #expect(rest.blocks == 20)
        #expect(rest.transactions == 40)
        filled.settings.keepBlocks = 22
        try filled.reopen()
        try filled.fill(blocks: 1)
        let fault = #expect(throws: LedgerReplay.Fault.self) { try replay(filled) }
        #expect(fault?.height == Height(1))
        #expect(fault?.what.contains("pruned") == true)
        #expect(try replay(filled, from: snapshot).blocks == 21)
    }

    @Test("A rollback keeps votes and blocks, heals the state, and the node is where it was when it starts")
    func rollback() async throws {
        let filled = try FilledStore(FilledStore.small)
        try filled.fill(blocks: 12)
        let (tip, rules, path) = (try filled.tip, filled.documents.rules, filled.path)
        try filled.tamper { keys in
            let entry = try #require(try keys.entries(in: .prefix([0x15, 0x01]), limit: 1).first)
            var batch = WriteBatch()
            batch.put(entry.key, entry.value + [0])
            try keys.write(batch, synced: true)
        }
        try filled.reopen()
        #expect(throws: ChainVerifier.Fault.self) { try filled.verify() }
        filled.close()
        for height in [12, 99] {
            #expect(throws: StoreRollback.Fault.self) {
                try StoreRollback.run(path, to: Height(UInt64(height)), rules: rules, settings: filled.settings)
            }
        }
        let report = try StoreRollback.run(path, to: Height(9), rules: rules, settings: filled.settings)
        #expect(report.blocks == 9)
        #expect(!DurableDirectory.exists(SnapshotRestore.buildingPath(of: path)))
        try filled.reopen()
        #expect(try filled.tip.record.height == Height(9))
        #expect(try filled.verify().executedBlocks == 9)
        // Nobody else is there: what stands above comes from the own disk.
        let loop = try EpollLoop(name: "chain")
        let node = filled.documents.nodes[0]
        let chain = try ChainActor(
            on: loop, rules: rules, store: filled.store, member: node.member,
            signer: LocalSigner(SoftwareKey(node.keys.sign)),
            network: .none,
            log: .silent)
        await chain.start()
        try await eventually("the chain is where it was") { await chain.currentTip.record.height >= Height(12) }
        #expect(try filled.store.head(at: Height(12))?.record == tip.record)
        await chain.stop()
        loop.stop()
    }

    @Test("A rollback goes no further than consensus can hold, nor into what is pruned, and changes nothing then")
    func rollbackBounds() throws {
        var settings = FilledStore.small
        settings.keepBlocks = 4
        let filled = try FilledStore(settings)
        try filled.fill(blocks: 70)
        filled.close()
        let (rules, path) = (filled.documents.rules, filled.path)
        for height in [5, 68] {
            #expect(throws: StoreRollback.Fault.self) {
                try StoreRollback.run(path, to: Height(UInt64(height)), rules: rules, settings: settings)
            }
        }
        try filled.reopen()
        #expect(try filled.tip.record.height == Height(70))
        #expect(try filled.verify().blocks == 70)
    }

    @Test("Compacting applies new settings, gives space back and loses nothing that is kept")
    func compacting() throws {
        var settings = FilledStore.small
        settings.role = .archive
        let filled = try FilledStore(settings)
        try filled.fill(blocks: 60, transactions: 4)
        settings.role = .full
        settings.keepBlocks = 10
        settings.keepState = 4
        filled.settings = settings
        try filled.reopen()
        let (before, after) = try filled.store.compact()
        #expect(after < before)
        #expect(filled.store.floor > Height(40))
        try filled.reopen()
        let report = try filled.verify()
        #expect(report.blocks == 60)
        #expect(report.logNodes == 240)
        try filled.fill(blocks: 2)
        #expect(try filled.verify().blocks == 62)
    }

    @Test("The data of a stopped node answer questions, and take nothing in")
    func inspecting() async throws {
        let filled = try FilledStore(FilledStore.small)
        try filled.fill(blocks: 3)
        var settings = RPCSettings()
        settings.http.port = 0
        let server = try InspectServer(
            store: filled.store, rules: filled.documents.rules, member: filled.documents.nodes[0].member,
            rpc: settings, version: "test")
        let port = try await server.start()
        let client = RPCClient(http: HTTPClient(loop: GLibLoop(name: "client")), url: "http://127.0.0.1:\(port)/rpc")
        let block = try await client.call("ledger.block", ["height": .unsigned(2)])
        #expect(block["height"]?.unsigned == 2)
        let outcome = try await client.call("ledger.outcome", ["id": .string(filled.ids[2].hex)])
        #expect(outcome["height"]?.unsigned == 3)
        #expect(try await client.call("node.status")["role"]?.string == "inspected")
        await #expect(throws: RPCClientError.self) {
            try await client.call("ledger.submit", ["envelope": .string("00")])
        }
        #expect(throws: ChainStoreError.store(.locked)) {
            try ChainStore(path: filled.path, rules: filled.documents.rules)
        }
        await server.stop()
    }
}
