import Crypto
import Primitives
import Recording
import Testing
import Wire

@Suite struct ManifestTests {
    @Test("MF-1: every manifest has one encoding")
    func encodings() throws {
        let stored = try StoredRecording.shared()
        let sender = stored.inventory.senders[0]
        #expect(strictnessFaults(sender.tracks[0].groups[0]) == [])
        #expect(strictnessFaults(sender.tracks[0].manifest) == [])
        #expect(strictnessFaults(sender.manifest) == [])
        #expect(strictnessFaults(stored.inventory.manifest) == [])
    }

    @Test("MF-1: every manifest of the largest size fits a content block")
    func sizes() throws {
        var hash = SHA256()
        let link = BlockLink(cid: CID(.raw, digest(1)), size: RecordingLimits.blockBytes)
        let stored = try StoredRecording.shared()
        let segment = stored.segments[0]
        let full = Array(repeating: link, count: RecordingLimits.blocksPerSegment)
        let entries = try (0..<UInt32(RecordingLimits.segmentsPerGroup)).map { number in
            let id = try #require(MediaKeyID(rosterEpoch: .zero, sender: 0, track: 0, segment: number))
            let copy = Segment(
                key: id, kind: .audio, lists: [], start: 59_999, frames: segment.frames, sender: key(1),
                consent: transaction(1), recording: testRecording, with: &hash)
            return SegmentEntry(copy, blocks: full)
        }
        let group = try GroupManifest(
            group: .zero, track: 0, sender: key(1), segments: entries, recording: testRecording)
        #expect(group.encoded.count <= RecordingLimits.blockBytes)
        let entry = GroupEntry(start: Timestamp(1 << 41), milliseconds: 60_000, group: group, with: &hash)
        #expect(entry.encoded.count * RecordingLimits.groupsPerTrack + 200 <= RecordingLimits.blockBytes)
        let sender = SenderEntry(stored.inventory.senders[0].manifest, with: &hash)
        #expect((sender.encoded.count + 12) * RecordingLimits.sendersPerRecording + 100 <= RecordingLimits.blockBytes)
        let shard = OuterShard(index: UInt64(RecordingLimits.shards), link: link)
        #expect(shard.encoded.count * OuterManifestPage.shardCountMax + 200 <= RecordingLimits.blockBytes)
        #expect(throws: RecordingError.self) {
            try GroupManifest(
                group: .zero, track: 0, sender: key(1), segments: entries + entries, recording: testRecording)
        }
    }

    @Test("MF-2: roots are over roots, segment by segment and group by group")
    func roots() throws {
        var hash = SHA256()
        let track = try StoredRecording.shared().inventory.senders[0].tracks[1]
        var groupRoots: [Digest] = []
        for group in track.groups {
            let leaves = group.segments.map { MerkleTree.leafHash($0.root.bytes, with: &hash) }
            let root = MerkleTree.root(of: leaves, with: &hash)
            #expect(group.root(with: &hash) == root)
            groupRoots.append(MerkleTree.leafHash(root.bytes, with: &hash))
        }
        #expect(track.manifest.root == MerkleTree.root(of: groupRoots, with: &hash))
        #expect(track.manifest.isWhole(with: &hash))
    }

    @Test("MF-3: an inventory refuses a manifest that is not the one linked, and one too few")
    func inventory() throws {
        var hash = SHA256()
        let inventory = try StoredRecording.shared().inventory
        var senders = inventory.senders
        senders.swapAt(0, 1)
        #expect(throws: RecordingError.mismatch) {
            try RecordingInventory(manifest: inventory.manifest, senders: senders, with: &hash)
        }
        #expect(throws: RecordingError.mismatch) {
            try RecordingInventory(manifest: inventory.manifest, senders: [inventory.senders[0]], with: &hash)
        }
        let first = inventory.senders[0]
        var tracks = first.tracks
        tracks[0] = .init(manifest: tracks[0].manifest, groups: tracks[0].groups.reversed())
        #expect(throws: RecordingError.mismatch) {
            try RecordingInventory(
                manifest: inventory.manifest,
                senders: [.init(manifest: first.manifest, tracks: tracks), inventory.senders[1]], with: &hash)
        }
        #expect(inventory.blocks.count == inventory.manifest.shardCount)
    }

    @Test("MF-4: a segment is believed when its group names it, and no other")
    func believed() throws {
        var hash = SHA256()
        let stored = try StoredRecording.shared()
        let group = stored.inventory.senders[0].tracks[0].groups[0]
        let mine = stored.segments.filter { $0.sender == key(3) && $0.key.track == 0 && $0.group == .zero }
        #expect(try mine.map { try group.entry(for: $0, with: &hash) } == group.segments)
        for other in stored.segments where !mine.contains(other) {
            #expect(throws: RecordingError.mismatch) { try group.entry(for: other, with: &hash) }
        }
    }

    @Test("MF-4: blocks join to the segment they were cut from, or not at all")
    func blocks() throws {
        var hash = SHA256()
        let bytes = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let blocks = try ContentBlocks.cut(bytes, with: &hash)
        #expect(blocks.map(\.link.size) == [262_144, 262_144, 75_712])
        let links = blocks.map(\.link)
        #expect(try ContentBlocks.join(blocks.map(\.content), links: links, with: &hash) == bytes)
        #expect(throws: RecordingError.mismatch) {
            try ContentBlocks.join(blocks.map(\.content).reversed(), links: links, with: &hash)
        }
        #expect(throws: RecordingError.mismatch) { try ContentBlocks.join([], links: links, with: &hash) }
        #expect(throws: RecordingError.self) {
            try ContentBlocks.cut(Array(repeating: 0, count: RecordingLimits.segmentBytes + 1), with: &hash)
        }
    }
}
