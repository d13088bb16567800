package import Primitives
package import Wire

/// A segment of a track: two to four seconds of encrypted frames under one key, with the lists that prove them.
///
/// Nobody needs a key to write one. Its dag-cbor is cut into content blocks. Fields: `v`, `key` (the frames' SFrame key
/// id as 8 bytes), `kind`, `root`, `lists`, `start` (ms since the recording began), `frames`, `sender` (per-call key),
/// `consent` (transaction), `recording`.
package struct Segment: WireObject, Hashable {
    package let key: MediaKeyID
    package let kind: TrackKind
    /// RFC 9162 root over the frames' leaves.
    package let root: Digest
    /// The sender's signed lists that name these frames; those at the ends may name others too.
    package let lists: [SignedLeafList]
    /// When the first frame was taken, in milliseconds since the recording began.
    package let start: UInt64
    package let frames: [RecordedFrame]
    package let sender: PublicKey
    package let consent: TransactionID
    package let recording: RecordingID

    /// Computes the root.
    package init(
        key: MediaKeyID, kind: TrackKind, lists: [SignedLeafList], start: UInt64, frames: [RecordedFrame],
        sender: PublicKey, consent: TransactionID, recording: RecordingID, with hash: inout some Hashing
    ) {
        var leaves: [Digest] = []
        for frame in frames { leaves.append(frame.leaf(track: key.track, with: &hash)) }
        self.init(
            key: key, kind: kind, lists: lists, start: start, frames: frames, leaves: leaves, sender: sender,
            consent: consent, recording: recording, with: &hash)
    }

    /// - Parameter leaves: those of `frames`, which the caller computed already.
    init(
        key: MediaKeyID, kind: TrackKind, lists: [SignedLeafList], start: UInt64, frames: [RecordedFrame],
        leaves: [Digest], sender: PublicKey, consent: TransactionID, recording: RecordingID,
        with hash: inout some Hashing
    ) {
        self.key = key
        self.kind = kind
        self.lists = lists
        self.start = start
        self.frames = frames
        self.sender = sender
        self.consent = consent
        self.recording = recording
        root = Self.root(over: leaves, with: &hash)
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(10)
        try reader.key("key")
        key = MediaKeyID(rawValue: try reader.byteString(count: 8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        guard let kind = TrackKind(rawValue: UInt8(try reader.number("kind", max: 8))) else {
            throw .badValue(field: "kind")
        }
        self.kind = kind
        root = try reader.id("root")
        lists = try reader.list("lists", max: RecordingLimits.listsPerSegment)
        start = try reader.number("start", max: 1 << 40)
        frames = try reader.list("frames", max: RecordingLimits.framesPerSegment)
        guard let first = frames.first, let last = frames.last,
            zip(frames, frames.dropFirst()).allSatisfy({ $0.timestamp <= $1.timestamp }),
            last.timestamp - first.timestamp <= Self.ticksMax(kind)
        else { throw .badValue(field: "frames") }
        sender = try reader.id("sender")
        consent = try reader.id("consent")
        recording = try reader.id("recording")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(10)
        writer.field("key", bytes: (0..<8).reversed().map { UInt8(truncatingIfNeeded: key.rawValue >> ($0 * 8)) })
        writer.field("kind", UInt64(kind.rawValue))
        writer.field("root", root)
        writer.field("lists", list: lists)
        writer.field("start", start)
        writer.field("frames", list: frames)
        writer.field("sender", sender)
        writer.field("consent", consent)
        writer.field("recording", recording)
    }

    /// The lease group that the segment belongs to.
    package var group: GroupIndex { GroupIndex(start / LeaseLimits.groupMilliseconds) }

    /// The longest a segment may be, in ticks.
    static func ticksMax(_ kind: TrackKind) -> UInt64 {
        RecordingLimits.segmentMilliseconds * kind.ticksPerSecond / 1_000
    }

    /// Milliseconds from the first frame to the last.
    package var milliseconds: UInt64 {
        guard let first = frames.first, let last = frames.last else { return 0 }
        return (last.timestamp - first.timestamp) * 1_000 / kind.ticksPerSecond
    }

    /// When frame `index` was taken, in microseconds since the recording began; nil when there is none.
    package func microseconds(ofFrame index: Int) -> UInt64? {
        guard frames.indices.contains(index) else { return nil }
        let ticks = frames[index].timestamp - frames[0].timestamp
        return start * 1_000 + ticks * 1_000_000 / kind.ticksPerSecond
    }

    /// Whether the frames are those of the root: what a reader checks before it believes anything.
    package func isWhole(with hash: inout some Hashing) -> Bool {
        var leaves: [Digest] = []
        for frame in frames { leaves.append(frame.leaf(track: key.track, with: &hash)) }
        return Self.root(over: leaves, with: &hash) == root
    }

    /// For each frame, whether one of `lists` names it. The lists' signatures are checked by who calls; a list of
    /// another sender or track is passed over.
    package func proven(by lists: [Verified<SignedLeafList>], with hash: inout some Hashing) -> [Bool] {
        var named: Set<Digest> = []
        for signed in lists where signed.value.object.key == sender {
            let list = signed.value.list
            guard list.track == key.track, list.rosterEpoch == key.rosterEpoch, list.sender == key.sender else {
                continue
            }
            named.formUnion(list.leaves)
        }
        return frames.map { named.contains($0.leaf(track: key.track, with: &hash)) }
    }

    private static func root(over leaves: [Digest], with hash: inout some Hashing) -> Digest {
        var frontier = MerkleFrontier()
        for leaf in leaves {
            frontier.append(MerkleTree.leafHash(leaf.bytes, with: &hash), with: &hash)
        }
        return frontier.root(with: &hash)
    }
}
