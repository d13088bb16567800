import ContentStore
import Crypto
import EventLoop
import Foundation
import Ledger
import Node
import Primitives
import Recording
import Rights
import Synchronization
import Testing
import Wire

@Suite("Rotation of outer layers")
struct ReleaseRotationTests {
    /// One holder with a store on disk.
    private final class Holder: Sendable {
        let place: Int
        let store: ContentStore
        private let path: String

        init(_ place: Int) throws {
            self.place = place
            path = FileManager.default.temporaryDirectory.appendingPathComponent("sotto-rotation-\(UUID())").path
            store = try ContentStore(path: path, on: try BlockingThreadExecutor(name: "store"))
        }

        func close() async {
            await store.close()
            try? FileManager.default.removeItem(atPath: path)
        }

        func take(_ manifest: OuterManifest, _ blocks: [CID: [UInt8]], payer: MemberID) async throws {
            var hash = SHA256()
            for shard in manifest.shards {
                let tag = BlockTag(
                    recording: manifest.recording, epoch: manifest.epoch, role: .shard, index: shard.index)
                guard let content = blocks[shard.link.cid] else { throw RecordingError.notFound }
                try await store.put(ContentBlock(cid: shard.link.cid, tag: tag, payer: payer, content: content))
            }
            for page in OuterManifestPage.pages(of: manifest) {
                let tag = BlockTag(
                    recording: manifest.recording, epoch: manifest.epoch, role: .page, index: UInt64(page.page))
                let content = page.encoded
                try await store.put(
                    ContentBlock(cid: CID(of: content, .dagCBOR, with: &hash), tag: tag, payer: payer, content: content)
                )
            }
        }

        /// Everything held of an epoch, as a stock of its own.
        func stock(_ recording: RecordingID, _ epoch: RightsEpoch) async throws -> [CID: [UInt8]] {
            var blocks: [CID: [UInt8]] = [:]
            for block in try await store.blocks(of: recording, epoch: epoch, from: .shard, index: 0, limit: 10_000) {
                blocks[block.cid] = try await store.content(of: block.cid)
            }
            return blocks
        }
    }

    private func rotator(
        _ world: ReleaseWorld, _ holder: Holder, keys: (@Sendable (RightsEpoch) throws(SharesMissing) -> Void)? = nil,
        announced: @escaping @Sendable (OuterManifest) -> Void = { _ in }
    ) -> OuterRotator {
        let person = world.holder(holder.place)
        return OuterRotator(
            chain: world.chain, holder: person.member, store: holder.store,
            means: .init(
                outerKey: { _, epoch throws(SharesMissing) in
                    try keys?(epoch)
                    return try await world.outerElement(epoch, holder: holder.place)
                },
                post: { try? world.ledger.apply(.rightsRotate($0), by: person) },
                announce: { manifest, _ in announced(manifest) }))
    }

    private func published() async throws -> (world: ReleaseWorld, stock: Stock, holders: [Holder]) {
        let world = try ReleaseWorld()
        let stock = Stock()
        try await world.publish(into: stock)
        let (manifest, blocks) = try await world.firstLayer()
        var holders: [Holder] = []
        for place in 0..<4 {
            let holder = try Holder(place)
            try await holder.take(manifest, blocks, payer: world.owner.member)
            holders.append(holder)
        }
        return (world, stock, holders)
    }

    private func rights(_ world: ReleaseWorld) throws -> RightsEntry {
        try #require(world.ledger.entry(RightsEntry.self, StateKey(.rights, world.recording)))
    }

    @Test("Holders come to one root, agree on it, and a viewer plays the new layer")
    func agreement() async throws {
        let (world, stock, holders) = try await published()
        _ = try world.grant(world.viewer)
        #expect(try world.revoke(world.other) == .succeeded)
        var roots: Set<Digest> = []
        let made = Mutex<[OuterManifest]>([])
        for holder in holders {
            let rotator = rotator(world, holder, announced: { manifest in made.withLock { $0.append(manifest) } })
            let outcome = try await rotator.rotate(world.recording, over: world.ledger)
            roots.insert(try #require(outcome).root)
            #expect(try #require(outcome).rotatedCount == world.layout.shards.count)
        }
        #expect(roots == [try rights(world).root])
        #expect(try rights(world).rooted == RightsEpoch(2))
        let manifest = try #require(made.withLock { $0.first })
        stock.add(manifest, try await holders[3].stock(world.recording, RightsEpoch(2)))
        let report = try await world.player(world.viewer, stock).play(world.recording) { _ in }
        #expect(report.ended == nil)
        #expect(report.frameCount == world.plain.count)
        for holder in holders {
            #expect(try await holder.stock(world.recording, RightsEpoch(1)).isEmpty)
            await holder.close()
        }
    }

    @Test("A new block does not open with the old key, nor an old block with what is released now")
    func keysAndBlocks() async throws {
        let (world, _, holders) = try await published()
        let (oldManifest, oldBlocks) = try await world.firstLayer()
        let oldLayer = try world.layer(try await world.outerElement(RightsEpoch(1)), RightsEpoch(1))
        #expect(try world.revoke(world.other) == .succeeded)
        _ = try await rotator(world, holders[0]).rotate(world.recording, over: world.ledger)
        let newLayer = try world.layer(try await world.outerElement(RightsEpoch(2)), RightsEpoch(2))
        let newBlocks = try await holders[0].store.blocks(
            of: world.recording, epoch: RightsEpoch(2), from: .shard, index: 0, limit: 10_000)
        var hash = SHA256()
        for (shard, inner) in zip(oldManifest.shards, world.layout.shards) {
            let new = try #require(newBlocks.first { $0.tag.role == .shard && $0.tag.index == shard.index })
            let newBytes = try #require(try await holders[0].store.content(of: new.cid))
            let oldBytes = try #require(oldBlocks[shard.link.cid])
            let plain = world.inner[inner.block.cid]
            #expect(try newLayer.open(newBytes, index: shard.index, inner: inner.block, with: &hash) == plain)
            #expect(try oldLayer.open(oldBytes, index: shard.index, inner: inner.block, with: &hash) == plain)
            #expect(throws: RecordingError.mismatch) {
                try oldLayer.open(newBytes, index: shard.index, inner: inner.block, with: &hash)
            }
            #expect(throws: RecordingError.mismatch) {
                try newLayer.open(oldBytes, index: shard.index, inner: inner.block, with: &hash)
            }
        }
        for holder in holders { await holder.close() }
    }

    @Test("A rotation that stopped anywhere goes on, and comes to the same root", arguments: [0, 1, 7])
    func resumes(after count: Int) async throws {
        let (world, _, holders) = try await published()
        #expect(try world.revoke(world.other) == .succeeded)
        let whole = try #require(try await rotator(world, holders[0]).rotate(world.recording, over: world.ledger))
        // The second holder had done `count` shards when it stopped.
        let store = holders[1].store
        let old = try world.layer(try await world.outerElement(RightsEpoch(1)), RightsEpoch(1))
        let new = try world.layer(try await world.outerElement(RightsEpoch(2)), RightsEpoch(2))
        var hash = SHA256()
        let rotation = try OuterRotation(rotating: try await world.firstLayer().manifest, to: RightsEpoch(2))
        let blocks = try await store.blocks(
            of: world.recording, epoch: RightsEpoch(1), from: .shard, index: 0, limit: 10_000)
        for step in rotation.remaining.prefix(count) {
            let source = try #require(blocks.first { $0.cid == step.source.cid && $0.tag.role == .shard })
            let content = try #require(try await store.content(of: source.cid))
            let made = try new.carryOut(step, on: content, removing: old, with: &hash)
            let tag = BlockTag(recording: world.recording, epoch: RightsEpoch(2), role: .shard, index: step.index)
            try await store.replace(
                source, with: .init(cid: made.link.cid, tag: tag, payer: source.payer, content: made.content))
        }
        let rest = try #require(try await rotator(world, holders[1]).rotate(world.recording, over: world.ledger))
        #expect(rest.root == whole.root)
        #expect(rest.rotatedCount == whole.rotatedCount - count)
        let again = try #require(try await rotator(world, holders[1]).rotate(world.recording, over: world.ledger))
        #expect(again.rotatedCount == 0)
        for holder in holders { await holder.close() }
    }

    @Test("Several revocations at once, also while it rotates, end at the newest epoch")
    func severalRevocations() async throws {
        let (world, _, holders) = try await published()
        for person in [world.viewer, world.other] { #expect(try world.revoke(person) == .succeeded) }
        let isFirst = Mutex(true)
        let made = Mutex<OuterManifest?>(nil)
        let rotator = rotator(
            world, holders[0],
            keys: { _ in
                let isNow = isFirst.withLock { isFirst in
                    defer { isFirst = false }
                    return isFirst
                }
                if isNow { _ = try? world.revoke(nil) }
            }, announced: { manifest in made.withLock { $0 = manifest } })
        let outcome = try #require(try await rotator.rotate(world.recording, over: world.ledger))
        #expect(outcome.epoch == RightsEpoch(4))
        #expect(try rights(world).epoch == RightsEpoch(4))
        // The others go there in one step and agree. The last comes too late for the keys of what it has, and takes
        // over what was agreed.
        for holder in holders[1...2] {
            let other = try await self.rotator(world, holder).rotate(world.recording, over: world.ledger)
            #expect(try #require(other).root == outcome.root)
        }
        #expect(try rights(world).rooted == RightsEpoch(4))
        await #expect(throws: OuterRotator.Failure.notHeld) {
            try await self.rotator(world, holders[3]).rotate(world.recording, over: world.ledger)
        }
        let manifest = try #require(made.withLock { $0 })
        let blocks = try await holders[0].stock(world.recording, RightsEpoch(4))
        let late = OuterRotator(
            chain: world.chain, holder: world.holder(3).member, store: holders[3].store,
            means: .init(
                outerKey: { _, epoch throws(SharesMissing) in try await world.outerElement(epoch) },
                post: { _ in nil }, fetch: { cid, _ in blocks[cid] },
                fetchPages: { _, _ in OuterManifestPage.pages(of: manifest) }, announce: { _, _ in }))
        let adopted = try #require(try await late.rotate(world.recording, over: world.ledger))
        #expect(adopted.root == outcome.root)
        #expect(adopted.rotatedCount == manifest.shards.count)
        #expect(try await holders[3].stock(world.recording, RightsEpoch(1)).isEmpty)
        #expect(try #require(try await late.rotate(world.recording, over: world.ledger)).rotatedCount == 0)
        for holder in holders { await holder.close() }
    }

    @Test("A missing shard comes from another holder, or the rotation waits")
    func missingShard() async throws {
        let (world, _, holders) = try await published()
        let (manifest, blocks) = try await world.firstLayer()
        let lost = manifest.shards[3]
        let tag = BlockTag(recording: world.recording, epoch: RightsEpoch(1), role: .shard, index: lost.index)
        try await holders[0].store.drop(lost.link.cid, tag)
        #expect(try world.revoke(world.other) == .succeeded)
        await #expect(throws: OuterRotator.Failure.shardMissing(index: lost.index)) {
            try await rotator(world, holders[0]).rotate(world.recording, over: world.ledger)
        }
        let person = world.holder(0)
        let helped = OuterRotator(
            chain: world.chain, holder: person.member, store: holders[0].store,
            means: .init(
                outerKey: { _, epoch throws(SharesMissing) in try await world.outerElement(epoch) },
                post: { try? world.ledger.apply(.rightsRotate($0), by: person) },
                fetch: { cid, _ in blocks[cid] }, announce: { _, _ in }))
        let outcome = try #require(try await helped.rotate(world.recording, over: world.ledger))
        let other = try #require(try await rotator(world, holders[1]).rotate(world.recording, over: world.ledger))
        #expect(outcome.root == other.root)
        for holder in holders { await holder.close() }
    }

    @Test("Who is no holder, and what is not published, is left alone")
    func notHolder() async throws {
        let world = try ReleaseWorld()
        let holder = try Holder(0)
        #expect(try await rotator(world, holder).rotate(world.recording, over: world.ledger) == nil)
        #expect(try await rotator(world, holder).rotate(.zero, over: world.ledger) == nil)
        await holder.close()
    }
}
