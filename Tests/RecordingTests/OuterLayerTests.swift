import Crypto
import Primitives
import Recording
import Testing
import Wire

@Suite struct OuterLayerTests {
    private func wrapped(_ stored: StoredRecording, key: UInt8) throws -> (OuterManifest, [CID: [UInt8]]) {
        var rotation = OuterRotation(wrapping: stored.layout, of: testRecording, epoch: RightsEpoch(1))
        let blocks = try StoredRecording.carryOut(
            &rotation, over: stored.inner, old: nil, new: try StoredRecording.stream(key))
        return (try rotation.manifest(), blocks)
    }

    @Test("OU-1: stripes of ten share a size, and indices leave room for parity")
    func layout() throws {
        let shards = try StoredRecording.shared().layout.shards
        for (position, shard) in shards.enumerated() {
            #expect(shard.index == UInt64(position / 10 * 16 + position % 10))
            #expect(shard.paddedSize == shards[position / 10 * 10].paddedSize)
            #expect(shard.paddedSize >= shard.block.size)
            #expect(shard.paddedSize % ShardLayout.sizeUnit == 0)
            #expect(shard.paddedSize <= RecordingLimits.blockBytes)
        }
    }

    @Test("OU-2, OU-5: a shard opens with its epoch's key and its own index, and with no other")
    func opening() throws {
        var hash = SHA256()
        let stored = try StoredRecording.shared()
        let (manifest, blocks) = try wrapped(stored, key: 1)
        for (shard, outer) in zip(stored.layout.shards, manifest.shards) {
            let bytes = try #require(blocks[outer.link.cid])
            #expect(outer.link.size == shard.paddedSize)
            var opened = bytes
            try StoredRecording.stream(1).apply(to: &opened, stream: shard.index)
            #expect(try ShardLayout.block(in: opened, shard.block, with: &hash) == stored.inner[shard.block.cid])
            for (key, index) in [(UInt8(2), shard.index), (1, shard.index + 1)] {
                var wrong = bytes
                try StoredRecording.stream(key).apply(to: &wrong, stream: index)
                #expect(throws: RecordingError.mismatch) {
                    try ShardLayout.block(in: wrong, shard.block, with: &hash)
                }
            }
            opened[opened.count - 1] ^= 1
            #expect(throws: RecordingError.mismatch) { try ShardLayout.block(in: opened, shard.block, with: &hash) }
        }
    }

    @Test("OU-3: all holders come to one root, and it commits to everything")
    func roots() throws {
        var hash = SHA256()
        let (manifest, _) = try wrapped(try StoredRecording.shared(), key: 1)
        let (again, _) = try wrapped(try StoredRecording(), key: 1)
        let root = manifest.root(with: &hash)
        #expect(again.root(with: &hash) == root)
        #expect(manifest.differences(from: again) == [])
        // Golden: changes only with a format or an order.
        #expect(root.hex == "964e99d2e315cb55fe9514f81c933b70d586840701d66d79699e97a926114f45")
        let others = [
            try OuterManifest(recording: testRecording, epoch: RightsEpoch(2), shards: manifest.shards),
            try OuterManifest(recording: .zero, epoch: RightsEpoch(1), shards: manifest.shards),
            try OuterManifest(recording: testRecording, epoch: RightsEpoch(1), shards: manifest.shards.dropLast()),
            try OuterManifest(
                recording: testRecording, epoch: RightsEpoch(1), parityShards: 6, shards: manifest.shards),
        ]
        for other in others { #expect(other.root(with: &hash) != root) }
        #expect(manifest.differences(from: others[2]) == [manifest.shards.last?.index])
        #expect(throws: RecordingError.outOfOrder) {
            try OuterManifest(recording: testRecording, epoch: .zero, shards: manifest.shards.reversed())
        }
    }

    @Test("OU-3: pages join to the manifest whose root is on the ledger, or not at all")
    func pages() throws {
        var hash = SHA256()
        let shards = (0..<10_000).map {
            OuterShard(index: UInt64($0), link: BlockLink(cid: CID(.raw, digest(UInt8($0 & 255))), size: 1_024))
        }
        let manifest = try OuterManifest(recording: testRecording, epoch: RightsEpoch(3), shards: shards)
        let root = manifest.root(with: &hash)
        let pages = OuterManifestPage.pages(of: manifest)
        #expect(pages.count == 3)
        let decoded = try pages.map { try OuterManifestPage(decoding: $0.encoded) }
        #expect(try OuterManifestPage.manifest(of: decoded, root: root, with: &hash) == manifest)
        for bad in [[], Array(pages.dropLast()), pages.reversed(), pages + [pages[0]]] {
            #expect(throws: RecordingError.self) { try OuterManifestPage.manifest(of: bad, root: root, with: &hash) }
        }
        #expect(throws: RecordingError.mismatch) {
            try OuterManifestPage.manifest(of: pages, root: digest(1), with: &hash)
        }
        #expect(manifest.shard(9_999)?.index == 9_999)
        #expect(manifest.shard(10_000) == nil)
        let small = try OuterManifest(recording: testRecording, epoch: RightsEpoch(3), shards: Array(shards[..<2]))
        #expect(strictnessFaults(OuterManifestPage.pages(of: small)[0]) == [])
    }

    @Test("OU-4: rotation gives the layer that wrapping under the new key gives, from outer blocks alone")
    func rotation() throws {
        var hash = SHA256()
        let stored = try StoredRecording.shared()
        let (old, oldBlocks) = try wrapped(stored, key: 1)
        var rotation = try OuterRotation(rotating: old, to: RightsEpoch(2))
        #expect(throws: RecordingError.outOfOrder) { try rotation.manifest() }
        let blocks = try StoredRecording.carryOut(
            &rotation, over: oldBlocks, old: try StoredRecording.stream(1), new: try StoredRecording.stream(2))
        #expect(rotation.isDone)
        let new = try rotation.manifest()
        var direct = OuterRotation(wrapping: stored.layout, of: testRecording, epoch: RightsEpoch(2))
        _ = try StoredRecording.carryOut(&direct, over: stored.inner, old: nil, new: try StoredRecording.stream(2))
        #expect(try direct.manifest() == new)
        // The old key does not open what was fetched after the rotation.
        let shard = stored.layout.shards[0]
        var bytes = try #require(blocks[new.shards[0].link.cid])
        try StoredRecording.stream(1).apply(to: &bytes, stream: shard.index)
        #expect(throws: RecordingError.mismatch) { try ShardLayout.block(in: bytes, shard.block, with: &hash) }
        #expect(throws: RecordingError.outOfOrder) { try OuterRotation(rotating: new, to: RightsEpoch(2)) }
    }

    @Test("OU-4: a second, different outcome, another size or an index that is not planned is refused")
    func outcomes() throws {
        let stored = try StoredRecording.shared()
        var rotation = OuterRotation(wrapping: stored.layout, of: testRecording, epoch: RightsEpoch(1))
        let step = rotation.steps[0]
        let link = BlockLink(cid: CID(.raw, digest(1)), size: step.paddedSize)
        try rotation.completed(step.index, link)
        try rotation.completed(step.index, link)
        #expect(rotation.remaining.count == rotation.steps.count - 1)
        #expect(throws: RecordingError.mismatch) {
            try rotation.completed(step.index, BlockLink(cid: CID(.raw, digest(2)), size: step.paddedSize))
        }
        #expect(throws: RecordingError.mismatch) {
            try rotation.completed(rotation.steps[1].index, BlockLink(cid: CID(.raw, digest(2)), size: 1))
        }
        #expect(throws: RecordingError.notFound) { try rotation.completed(12, link) }
    }

    @Test("PL-1: from shard 0 every group's segments are found, opened and believed")
    func playback() throws {
        var hash = SHA256()
        let stored = try StoredRecording.shared()
        let (manifest, blocks) = try wrapped(stored, key: 1)
        var fetched = 0
        func open(_ shard: OuterShard) throws -> [UInt8] {
            fetched += 1
            var bytes = try #require(blocks[shard.link.cid])
            try StoredRecording.stream(1).apply(to: &bytes, stream: shard.index)
            return bytes
        }
        func inner(_ fetch: PlaybackPlan.Fetch) throws -> [UInt8] {
            try ShardLayout.block(in: try open(fetch.outer), fetch.inner, with: &hash)
        }
        let first = try #require(manifest.shard(0))
        let plan = try PlaybackPlan(outer: manifest, recordingShard: try open(first))
        #expect(plan.recording == stored.inventory.manifest)
        var segments: [Segment] = []
        for fetch in try plan.senderFetches() {
            let sender = try SenderManifest(decoding: try inner(fetch))
            for fetch in try plan.trackFetches(sender) {
                let track = try TrackManifest(decoding: try inner(fetch))
                let fetch = try #require(try plan.groupFetch(GroupIndex(1), of: track, sender))
                let group = try GroupManifest(decoding: try inner(fetch))
                #expect(try plan.groupFetch(GroupIndex(3), of: track, sender) == nil)
                for fetches in try plan.segmentFetches(group, of: track, sender) {
                    let segment = try Segment(decoding: try fetches.flatMap { try inner($0) })
                    _ = try group.entry(for: segment, with: &hash)
                    segments.append(segment)
                }
            }
        }
        let expected = stored.segments.filter { $0.group == GroupIndex(1) }
        #expect(Set(segments) == Set(expected))
        #expect(fetched < stored.layout.shards.count)
        #expect(PlaybackOrder.groups(of: segments) == [GroupIndex(1)])
    }

    @Test("PL-1: a wrong shard 0 is no recording")
    func wrongShard() throws {
        let stored = try StoredRecording.shared()
        let (manifest, _) = try wrapped(stored, key: 1)
        let inner = try #require(stored.inner[stored.layout.shards[0].block.cid])
        #expect(throws: RecordingError.mismatch) {
            try PlaybackPlan(outer: manifest, recordingShard: inner + [0, 1])
        }
        #expect(throws: RecordingError.mismatch) { try PlaybackPlan(outer: manifest, recordingShard: []) }
        let short = try OuterManifest(
            recording: testRecording, epoch: RightsEpoch(1), shards: Array(manifest.shards[..<3]))
        #expect(throws: RecordingError.mismatch) { try PlaybackPlan(outer: short, recordingShard: inner) }
    }

    @Test("PL-2: frames come in one order, whatever the order of the segments")
    func order() throws {
        let stored = try StoredRecording.shared()
        let frames = PlaybackOrder.frames(of: stored.segments)
        #expect(frames.count == stored.segments.reduce(0) { $0 + $1.frames.count })
        #expect(zip(frames, frames.dropFirst()).allSatisfy { $0.microseconds <= $1.microseconds })
        #expect(PlaybackOrder.frames(of: stored.segments.reversed()) == frames)
        #expect(frames[0].sender == key(3))
        #expect(frames[0].kind == .audio)
    }
}
