import Crypto
import Primitives
import Recording
import Wire

/// A recording made for tests: two senders, sound and picture, three groups; and the outer layer over it.
struct StoredRecording {
    let inventory: RecordingInventory
    let layout: ShardLayout
    /// Inner blocks by CID.
    var inner: [CID: [UInt8]] = [:]
    let segments: [Segment]

    private static let made = Result { try StoredRecording() }

    /// The one that all tests share.
    static func shared() throws -> StoredRecording { try made.get() }

    init() throws {
        var hash = SHA256()
        var inner: [CID: [UInt8]] = [:]
        var all: [Segment] = []
        var senders: [RecordingInventory.Sender] = []
        for sender in [8, 3] as [UInt8] {
            var tracks: [RecordingInventory.Track] = []
            for track in 0..<UInt8(2) {
                let made = try Self.track(track, of: sender, &inner, with: &hash)
                tracks.append(made.track)
                all += made.segments
            }
            let manifest = try SenderManifest(
                sender: key(sender), tracks: tracks.map { TrackEntry($0.manifest, with: &hash) },
                recording: testRecording)
            inner[manifest.cid(with: &hash)] = manifest.encoded
            senders.append(.init(manifest: manifest, tracks: tracks))
        }
        let manifest = try RecordingManifest(
            senders: senders.map { SenderEntry($0.manifest, with: &hash) }, recording: testRecording)
        inner[manifest.cid(with: &hash)] = manifest.encoded
        senders.sort { $0.manifest.sender < $1.manifest.sender }
        inventory = try RecordingInventory(manifest: manifest, senders: senders, with: &hash)
        layout = try inventory.layout()
        self.inner = inner
        segments = all
    }

    /// Segments of 20 s each, so that three groups are nine segments; one of them is of several blocks.
    private static func track(
        _ track: UInt8, of sender: UInt8, _ inner: inout [CID: [UInt8]], with hash: inout SHA256
    ) throws -> (track: RecordingInventory.Track, segments: [Segment]) {
        let kind: TrackKind = track == 0 ? .audio : .video
        var segments: [Segment] = []
        var groups: [GroupManifest] = []
        var entries: [GroupEntry] = []
        for group in 0..<UInt64(3) {
            var listed: [SegmentEntry] = []
            for place in 0..<UInt64(3) {
                let number = UInt32(group * 3 + place)
                guard let id = MediaKeyID(rosterEpoch: RosterEpoch(1), sender: 0, track: track, segment: number) else {
                    throw RecordingError.mismatch
                }
                let size = track == 1 && group == 1 && place == 1 ? 90_000 : 100
                let frames = (0..<UInt64(3)).map {
                    frame($0 * kind.ticksPerSecond, size: size, mark: sender &+ UInt8(truncatingIfNeeded: number))
                }
                let segment = Segment(
                    key: id, kind: kind, lists: [], start: group * 60_000 + place * 20_000, frames: frames,
                    sender: key(sender), consent: transaction(sender), recording: testRecording, with: &hash)
                segments.append(segment)
                let blocks = try ContentBlocks.cut(segment.encoded, with: &hash)
                for block in blocks { inner[block.link.cid] = block.content }
                listed.append(SegmentEntry(segment, blocks: blocks.map(\.link)))
            }
            let manifest = try GroupManifest(
                group: GroupIndex(group), track: track, sender: key(sender), segments: listed, recording: testRecording)
            inner[manifest.cid(with: &hash)] = manifest.encoded
            groups.append(manifest)
            entries.append(
                GroupEntry(
                    start: Timestamp(1_000_000 + group * 60_000), milliseconds: 60_000, group: manifest, with: &hash))
        }
        let manifest = try TrackManifest(
            id: track, kind: kind, first: .zero, groups: entries, sender: key(sender), recording: testRecording,
            with: &hash)
        inner[manifest.cid(with: &hash)] = manifest.encoded
        return (.init(manifest: manifest, groups: groups), segments)
    }

    /// Does what a shell does: carries out every step of `rotation` over `blocks`, with real keystreams.
    static func carryOut(
        _ rotation: inout OuterRotation, over blocks: [CID: [UInt8]], old: AESCTR?, new: AESCTR
    ) throws -> [CID: [UInt8]] {
        var hash = SHA256()
        var outer: [CID: [UInt8]] = [:]
        for step in rotation.remaining {
            guard let source = blocks[step.source.cid], step.source.matches(source, with: &hash) else {
                throw RecordingError.notFound
            }
            var bytes = ShardLayout.padded(source, to: step.paddedSize)
            if step.removesOldLayer { try old?.apply(to: &bytes, stream: step.index) }
            try new.apply(to: &bytes, stream: step.index)
            let link = BlockLink(to: bytes, .raw, with: &hash)
            try rotation.completed(step.index, link)
            outer[link.cid] = bytes
        }
        return outer
    }

    static func stream(_ byte: UInt8) throws -> AESCTR { try AESCTR(key: Array(repeating: byte, count: 32)) }
}
