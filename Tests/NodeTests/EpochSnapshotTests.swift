import Consensus
import Crypto
import EventLoop
import Foundation
import KeyValue
import Ledger
import Node
import Primitives
import Testing
import Wire

@Suite("Snapshots of later validator epochs", .timeLimit(.minutes(3)))
struct EpochSnapshotTests {
    private func snapshot(of world: EpochStore, _ name: String) throws -> SnapshotDirectory {
        let directory = SnapshotDirectory(world.scratch.path + "/" + name)
        _ = try SnapshotWriter.write(world.store, rules: world.rules, into: directory)
        return directory
    }

    private func restored(_ directory: SnapshotDirectory, in world: EpochStore) throws -> ChainStore {
        let path = directory.path + "-restored"
        try SnapshotRestore.run(directory, to: path, rules: world.rules)
        return try ChainStore(path: path, rules: world.rules)
    }

    /// Four validators, of whom one leaves and another changes its key: one epoch sealed by echoes, one without.
    private func four() throws -> EpochStore {
        let world = try EpochStore(validators: 4)
        let nodes = world.documents.nodes
        try world.decide(ValidatorPropose(joins: [], leaves: [nodes[1].member]))
        try world.add([world.rotation()])
        try world.fill(to: 10, echoes: [4: 3])
        return world
    }

    @Test("A restored store has every handover, proves what the other proves, verifies, and goes on the same way")
    func restore() throws {
        let world = try four()
        let directory = try snapshot(of: world, "ten")
        let (manifest, report) = try SnapshotChecker.check(directory, rules: world.rules)
        #expect(manifest.tip.record.epoch == ValidatorEpoch(2))
        #expect(report.handovers == 2)
        let store = try restored(directory, in: world)
        let trail = try world.trail(store)
        #expect(try trail == world.trail(world.store))
        #expect(trail.newest.count == 3)
        #expect(trail.newest.validators.contains { $0.key == world.rotated.publicKey })
        #expect(try store.echoes(above: Height(4)).count == 3)
        for height in 1...10 {
            let proof = store.finalityProof(of: Height(UInt64(height)))
            #expect(proof != nil && proof == world.store.finalityProof(of: Height(UInt64(height))))
        }
        let verified = try world.verify(store)
        #expect(verified.handovers == 2)
        #expect(verified.prunedBlocks == 10)
        // Through one more end of an epoch.
        var other = try world.filler(of: store)
        for height in 11...13 {
            let echoes = height == 12 ? 1 : 0
            let envelope = try world.documents.admission()
            let record = try world.add([envelope], echoes: echoes).record
            #expect(try other.add([envelope], at: record.time, echoes: echoes).record == record)
        }
        #expect(try world.verify(store).handovers == 3)
        store.close()
    }

    @Test("A snapshot of the very block that sealed its epoch by echoes is one to go on from")
    func sealing() throws {
        let world = try EpochStore()
        try world.fill(to: 8, echoes: [4: 1, 8: 2])
        let store = try restored(try snapshot(of: world, "eight"), in: world)
        #expect(try world.trail(store).newest.epoch == ValidatorEpoch(2))
        var other = try world.filler(of: store)
        let envelope = try world.documents.admission()
        let record = try world.add([envelope]).record
        #expect(record.epoch == ValidatorEpoch(2))
        #expect(try other.add([envelope], at: record.time).record == record)
        #expect(try world.verify(store).blocks == 9)
        store.close()
    }

    @Test("So many echoes that a proof could not hold them: the finalised one stands alone, and the proof is the same")
    func manyEchoes() throws {
        let world = try EpochStore()
        try world.fill(to: 6, echoes: [4: SnapshotHead.Seal.echoCountMax + 1])
        let store = try restored(try snapshot(of: world, "many"), in: world)
        #expect(try store.echoes(above: Height(4)).count == 1)
        #expect(store.finalityProof(of: Height(4)) == world.store.finalityProof(of: Height(4)))
        #expect(try world.trail(store) == world.trail(world.store))
        _ = try world.verify(store)
        store.close()
    }

    private func seal(_ heads: [SnapshotHead], _ index: Int) throws -> SnapshotHead.Seal {
        guard let seal = heads[index].seal else { throw Late(what: "a seal") }
        return seal
    }

    private func replace(_ heads: inout [SnapshotHead], _ index: Int, _ seal: SnapshotHead.Seal?) {
        heads[index] = SnapshotHead(head: heads[index].head, finalization: heads[index].finalization, seal: seal)
    }

    @Test("A handover that somebody forged, left out or took from another epoch fails at the heads")
    func forgery() throws {
        let world = try EpochStore()
        try world.add([world.rotation()])
        try world.fill(to: 10, echoes: [4: 2])
        let directory = try snapshot(of: world, "ten")
        typealias Change = (inout [SnapshotHead]) throws -> Void
        let changes: [(String, Change)] = [
            ("no word of who takes over", { replace(&$0, 3, nil) }),
            ("a seal in the middle of an epoch", { replace(&$0, 5, try seal($0, 7)) }),
            (
                "the set of another epoch",
                { replace(&$0, 3, SnapshotHead.Seal(next: try seal($0, 7).next, echoes: try seal($0, 3).echoes)) }
            ),
            (
                "another set",
                { heads in
                    let next = try seal(heads, 7).next
                    let stranger = ValidatorList.Entry(
                        member: next.entries[0].member, key: SigningKey.generate().publicKey)
                    replace(
                        &heads, 7, SnapshotHead.Seal(next: ValidatorList(epoch: next.epoch, [stranger]), echoes: []))
                }
            ),
            (
                "no echoes",
                { replace(&$0, 3, SnapshotHead.Seal(next: try seal($0, 3).next, echoes: [])) }
            ),
            (
                "an echo that is not the finalised one",
                {
                    let old = try seal($0, 3)
                    replace(&$0, 3, SnapshotHead.Seal(next: old.next, echoes: [old.echoes[0]]))
                }
            ),
            (
                "echoes in another order",
                {
                    let old = try seal($0, 3)
                    replace(&$0, 3, SnapshotHead.Seal(next: old.next, echoes: old.echoes.reversed()))
                }
            ),
            (
                "an echo that nobody signed",
                {
                    let old = try seal($0, 3)
                    let last = old.echoes[1]
                    let unsigned = Proposal(header: last.header, signature: old.echoes[0].signature, body: [])
                    replace(&$0, 3, SnapshotHead.Seal(next: old.next, echoes: [old.echoes[0], unsigned]))
                }
            ),
            (
                "another finalization",
                { heads in
                    heads[3] = SnapshotHead(
                        head: heads[3].head, finalization: heads[7].finalization, seal: heads[3].seal)
                }
            ),
        ]
        let copy = world.scratch.path + "/forged"
        for (name, change) in changes {
            try? FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(atPath: directory.path, toPath: copy)
            try forge(SnapshotDirectory(copy), change)
            let fault = #expect(throws: SnapshotFault.self, "\(name)") {
                try SnapshotChecker.check(SnapshotDirectory(copy), rules: world.rules)
            }
            #expect(fault?.step == .heads, "\(name): \(fault?.why ?? "")")
        }
        // Unchanged, it holds; and a later one is not a record of an earlier epoch's set.
        _ = try SnapshotChecker.check(directory, rules: world.rules)
        let manifest = try directory.manifest()
        try world.fill(to: 11)
        let later = try snapshot(of: world, "eleven").manifest()
        try FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: directory.path, toPath: copy)
        try SnapshotDirectory(copy).put(
            SnapshotManifest(tip: manifest.tip, chain: manifest.chain, proof: later.proof, chunks: manifest.chunks))
        let fault = #expect(throws: SnapshotFault.self) {
            try SnapshotChecker.check(SnapshotDirectory(copy), rules: world.rules)
        }
        #expect(fault?.step == .heads)
    }

    /// Changes the rows of all heads, and writes the manifest anew.
    private func forge(_ directory: SnapshotDirectory, _ change: (inout [SnapshotHead]) throws -> Void) throws {
        var hash = SHA256()
        let manifest = try directory.manifest()
        var parts = manifest.chunks
        for (index, part) in manifest.chunks.enumerated() where part.kind == .head {
            let chunk = try SnapshotChunk(decoding: try directory.chunk(index, part, with: &hash))
            var heads = try chunk.rows.map { try SnapshotHead(decoding: $0) }
            try change(&heads)
            let bytes = SnapshotChunk(kind: .head, rows: heads.map(\.encoded)).encoded
            try directory.put(bytes, at: index)
            parts[index] = SnapshotManifest.Part(kind: .head, byteCount: bytes.count, hash: hash.digest(bytes))
        }
        try directory.put(
            SnapshotManifest(tip: manifest.tip, chain: manifest.chain, proof: manifest.proof, chunks: parts))
    }

    @Test("After an epoch's end the transactions of the last hour belong to it, since the window may have been longer")
    func window() throws {
        let world = try EpochStore { $0.untilWindow = 10_000 }
        try world.fill(to: 3)
        let directory = try snapshot(of: world, "three")
        #expect(try SnapshotChecker.check(directory, rules: world.rules).report.recentTransactions == 3)
        try world.fill(to: 4)
        world.wait(milliseconds: 60_000)
        try world.fill(to: 5)
        let later = try snapshot(of: world, "five")
        #expect(try SnapshotChecker.check(later, rules: world.rules).report.recentTransactions == 5)
        world.wait(milliseconds: 3_600_000)
        try world.fill(to: 6)
        let last = try snapshot(of: world, "six")
        #expect(try SnapshotChecker.check(last, rules: world.rules).report.recentTransactions == 1)
    }

    @Test(
        "A node that begins with a snapshot of the third epoch catches up, takes part in the next, and proves them all")
    func live() async throws {
        let world = try EpochStore()
        try world.add([try world.newcomerAdmission(), world.rotation()])
        try world.fill(to: 10, echoes: [4: 2])
        let directory = try snapshot(of: world, "ten")
        // The validator has signed nothing in the epoch that begins above: only there it may.
        try world.fill(to: 12, echoes: [12: 1])
        world.store.close()
        try SnapshotRestore.run(directory, to: world.scratch.path + "/newcomer", rules: world.rules)

        let (validator, follower) = try world.runtimes(follower: "newcomer")
        #expect(await follower.chain.currentTip.record.height == Height(10))
        try await validator.start()
        try await follower.start()
        try await eventually("the newcomer has caught up") {
            await follower.chain.currentTip.record.height >= Height(12)
        }
        let outcome = try await validator.chain.execute(try world.documents.admission(), within: .seconds(60))
        try await eventually("another epoch has ended here too") {
            let record = await follower.chain.currentTip.record
            return record.height >= outcome.height && record.epoch >= ValidatorEpoch(4)
        }
        await follower.stop()
        await validator.stop()
        let store = try ChainStore(path: world.scratch.path + "/newcomer", rules: world.rules)
        let report = try world.verify(store)
        #expect(report.prunedBlocks == 10)
        #expect(report.handovers >= 4)
        let trail = try world.trail(store)
        #expect(trail.newest.epoch >= ValidatorEpoch(4))
        var hash = SHA256()
        let head = try #require(store.provenRecord(at: try store.tip().record.height))
        try trail.check(head.record, head.finality, with: &hash)
        store.close()
    }
}
