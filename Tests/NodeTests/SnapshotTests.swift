import Crypto
import Foundation
import KeyValue
import Ledger
import Node
import Primitives
import Testing
import Wire

@Suite("Snapshots", .timeLimit(.minutes(2)))
struct SnapshotTests {
    /// A filled store and a snapshot of it.
    private func made(blocks: Int = 12) throws -> (FilledStore, SnapshotDirectory) {
        let filled = try FilledStore(FilledStore.small)
        try filled.fill(blocks: blocks, transactions: 3)
        let directory = SnapshotDirectory(filled.scratch.path + "/snapshot")
        _ = try SnapshotWriter.write(filled.store, rules: filled.documents.rules, into: directory)
        return (filled, directory)
    }

    private func chunks(_ directory: SnapshotDirectory) -> [String] {
        DurableDirectory.names(in: directory.path).filter { $0.hasPrefix("chunk") }.map { directory.path + "/" + $0 }
    }

    /// Writes the manifest anew, as somebody would who forged chunks.
    private func remake(
        _ directory: SnapshotDirectory, _ change: (Int, SnapshotChunk) -> SnapshotChunk
    ) throws {
        var hash = SHA256()
        let manifest = try directory.manifest()
        var parts: [SnapshotManifest.Part] = []
        for (index, part) in manifest.chunks.enumerated() {
            let chunk = try SnapshotChunk(decoding: try directory.chunk(index, part, with: &hash))
            let changed = change(index, chunk).encoded
            try directory.put(changed, at: index)
            parts.append(
                SnapshotManifest.Part(kind: part.kind, byteCount: changed.count, hash: hash.digest(changed)))
        }
        try directory.put(
            SnapshotManifest(tip: manifest.tip, chain: manifest.chain, proof: manifest.proof, chunks: parts))
    }

    @Test("A restored store stands where the other stood, verifies, refuses replays, and goes on the same way")
    func restore() throws {
        let (filled, directory) = try made()
        let rules = filled.documents.rules
        let (manifest, report) = try SnapshotChecker.check(directory, rules: rules)
        #expect(manifest.height == Height(12))
        #expect(report.heads == 12)
        #expect(report.logLeaves == 36)
        #expect(report.recentTransactions == 36)
        let path = filled.scratch.path + "/restored"
        try SnapshotRestore.run(directory, to: path, rules: rules)
        let store = try ChainStore(path: path, rules: rules)
        #expect(try store.tip().record == filled.tip.record)
        #expect(throws: ChainStoreError.pruned(Height(12))) { try store.block(at: Height(12)) }
        #expect(store.finalityProof(of: Height(3)) != nil)
        for id in filled.ids { #expect(try store.memory(of: id) == filled.store.memory(of: id)) }
        var verifier = try ChainVerifier(store, rules: rules)
        let verified = try verifier.run()
        #expect(verified.prunedBlocks == 12)
        #expect(verified.logNodes == 36)
        // Both go on with the same transactions and come to the same record.
        let node = filled.documents.nodes[0]
        let envelope = try filled.documents.admission()
        let time = Timestamp(manifest.tip.record.time.rawValue + 10)
        var one = try LedgerFiller(store, rules: rules, keys: [node.keys.sign])
        var other = try LedgerFiller(filled.store, rules: rules, keys: [node.keys.sign])
        #expect(try one.add([envelope], at: time).record == other.add([envelope], at: time).record)
        #expect(throws: LedgerFiller.Fault.self) { try one.add([envelope], at: Timestamp(time.rawValue + 1)) }
        store.close()
        let again = try ChainStore(path: path, rules: rules)
        #expect(try again.block(at: Height(13)) != nil)
        // A snapshot of what was restored holds as well.
        let second = SnapshotDirectory(filled.scratch.path + "/second")
        #expect(throws: SnapshotFault.self) { try SnapshotWriter.write(again, rules: rules, into: second) }
        again.close()
    }

    @Test("A chunk that is missing, short, long or changed is named with its number, and nothing starts")
    func chunkFaults() throws {
        let (filled, directory) = try made()
        let rules = filled.documents.rules
        let path = filled.scratch.path + "/restored"
        for (index, file) in chunks(directory).enumerated() {
            let whole = try Data(contentsOf: URL(filePath: file))
            var flipped = whole
            flipped[whole.count / 2] ^= 1
            let broken: [Data?] = [nil, Data(whole.dropLast()), whole + Data([0]), flipped]
            for content in broken {
                if let content {
                    try content.write(to: URL(filePath: file))
                } else {
                    try FileManager.default.removeItem(atPath: file)
                }
                let fault = #expect(throws: SnapshotFault.self) {
                    try SnapshotRestore.run(directory, to: path, rules: rules)
                }
                #expect(fault?.step == .chunk)
                #expect(fault?.chunk == index)
                #expect(!DurableDirectory.exists(path))
                #expect(throws: ChainStoreError.unfinishedRestore) { try ChainStore(path: path, rules: rules) }
            }
            try whole.write(to: URL(filePath: file))
        }
        try SnapshotRestore.run(directory, to: path, rules: rules)
        try ChainStore(path: path, rules: rules).close()
    }

    @Test("Rows that somebody forged, left out, doubled or swapped fail at their step, whatever the hashes say")
    func forgery() throws {
        let (filled, directory) = try made(blocks: 6)
        let rules = filled.documents.rules
        let steps: [(SnapshotChunk.Kind, SnapshotFault.Step)] = [
            (.head, .heads), (.log, .log), (.recent, .recent), (.state, .state),
        ]
        let copy = filled.scratch.path + "/forged"
        for (kind, step) in steps {
            let changes: [(String, ([[UInt8]]) -> [[UInt8]])] = [
                ("left out", { Array($0.dropLast()) }),
                ("doubled", { $0 + $0.suffix(1) }),
                (
                    "swapped",
                    {
                        $0.count > 1
                            ? [$0[1], $0[0]] + $0.dropFirst(2) : [Array($0[0].dropFirst(32)) + $0[0].prefix(32)]
                    }
                ),
                (
                    "changed",
                    { rows in
                        var rows = rows
                        let last = rows.count - 1
                        rows[last][rows[last].count - 1] ^= 1
                        return rows
                    }
                ),
            ]
            for (name, change) in changes {
                try? FileManager.default.removeItem(atPath: copy)
                try FileManager.default.copyItem(atPath: directory.path, toPath: copy)
                let forged = SnapshotDirectory(copy)
                try remake(forged) { _, chunk in
                    chunk.kind == kind ? SnapshotChunk(kind: kind, rows: change(chunk.rows)) : chunk
                }
                let fault = #expect(throws: SnapshotFault.self, "\(kind) \(name)") {
                    try SnapshotChecker.check(forged, rules: rules)
                }
                #expect(fault?.step == step, "\(kind) \(name): \(fault?.why ?? "")")
            }
        }
    }

    @Test("A snapshot of another network, or whose record is not final, ends at the manifest")
    func manifests() throws {
        let (filled, directory) = try made(blocks: 3)
        let other = try Documents(validators: 1)
        #expect(throws: SnapshotFault.self) { try SnapshotChecker.check(directory, rules: other.rules) }
        let manifest = try directory.manifest()
        let (second, elsewhere) = try made(blocks: 2)
        _ = second
        let forged = SnapshotManifest(
            tip: manifest.tip, chain: manifest.chain, proof: try elsewhere.manifest().proof, chunks: manifest.chunks)
        try directory.put(forged)
        let fault = #expect(throws: SnapshotFault.self) {
            try SnapshotChecker.check(directory, rules: filled.documents.rules)
        }
        #expect(fault?.step == .manifest)
    }

    @Test("A store is replaced only when asked, only by a newer state, and keeps what its validator has signed")
    func replacing() throws {
        let (filled, directory) = try made(blocks: 4)
        let rules = filled.documents.rules
        let path = filled.scratch.path + "/old"
        try ChainStore(path: path, rules: rules).close()
        let vote: [UInt8] = [0x22, 0, 0, 0, 0, 0, 0, 0, 9, 1]
        var batch = WriteBatch()
        batch.put(vote, [1, 2, 3])
        var keys = try KeyValueStore(path: path)
        try keys.write(batch, synced: true)
        keys.close()
        let there = #expect(throws: SnapshotFault.self) { try SnapshotRestore.run(directory, to: path, rules: rules) }
        #expect(there?.step == .swap)
        let running = try ChainStore(path: path, rules: rules)
        #expect(throws: SnapshotFault.self) {
            try SnapshotRestore.run(directory, to: path, rules: rules, replacing: true)
        }
        running.close()
        try SnapshotRestore.run(directory, to: path, rules: rules, replacing: true)
        #expect(!DurableDirectory.exists(SnapshotRestore.buildingPath(of: path)))
        keys = try KeyValueStore(path: path)
        #expect(try keys.value(for: vote) == [1, 2, 3])
        keys.close()
        // The same snapshot is not newer.
        #expect(throws: SnapshotFault.self) {
            try SnapshotRestore.run(directory, to: path, rules: rules, replacing: true)
        }
        let store = try ChainStore(path: path, rules: rules)
        #expect(try store.tip().record == filled.tip.record)
        store.close()
    }

    @Test(
        "Manifests and chunks have one encoding: each prefix is refused, each flipped byte is refused or another value")
    func formats() throws {
        let (filled, directory) = try made(blocks: 2)
        defer { withExtendedLifetime(filled) {} }
        let manifest = try directory.manifest().encoded
        var hash = SHA256()
        let chunk = try directory.chunk(1, try directory.manifest().chunks[1], with: &hash)
        for count in 0..<manifest.count {
            #expect((try? SnapshotManifest(decoding: Array(manifest.prefix(count)))) == nil)
        }
        for count in 0..<chunk.count { #expect((try? SnapshotChunk(decoding: Array(chunk.prefix(count)))) == nil) }
        for index in manifest.indices {
            var broken = manifest
            broken[index] ^= 0x21
            if let read = try? SnapshotManifest(decoding: broken) { #expect(read.encoded == broken) }
        }
        for index in chunk.indices {
            var broken = chunk
            broken[index] ^= 0x21
            if let read = try? SnapshotChunk(decoding: broken) { #expect(read.encoded == broken) }
        }
    }
}
