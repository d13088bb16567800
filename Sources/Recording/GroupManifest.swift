package import Primitives
package import Wire

/// One segment in a group's manifest: the array `[key id, start, milliseconds, frames, root, blocks]`.
package struct SegmentEntry: WireObject, Hashable {
    package let key: MediaKeyID
    /// Milliseconds since the recording began.
    package let start: UInt64
    /// From the first frame to the last.
    package let milliseconds: UInt64
    package let frameCount: Int
    package let root: Digest
    /// At least one, at most `RecordingLimits.blocksPerSegment`.
    package let blocks: [BlockLink]

    /// Describes `segment`, cut into `blocks`.
    package init(_ segment: Segment, blocks: [BlockLink]) {
        key = segment.key
        start = segment.start
        milliseconds = segment.milliseconds
        frameCount = segment.frames.count
        root = segment.root
        self.blocks = blocks
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let offset = reader.offset
        guard try reader.arrayHeader(max: 6) == 6 else { throw .unexpectedType(at: offset) }
        key = MediaKeyID(rawValue: try reader.byteString(count: 8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        start = try reader.unsigned(max: 1 << 40)
        milliseconds = try reader.unsigned(max: RecordingLimits.segmentMilliseconds)
        frameCount = Int(try reader.unsigned(max: UInt64(RecordingLimits.framesPerSegment)))
        root = try reader.identifier()
        blocks = try reader.array(max: RecordingLimits.blocksPerSegment) { inner throws(WireError) in
            try BlockLink(from: &inner)
        }
        guard frameCount > 0, !blocks.isEmpty else { throw .badValue(field: "segments") }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 6)
        writer.byteString((0..<8).reversed().map { UInt8(truncatingIfNeeded: key.rawValue >> ($0 * 8)) })
        writer.unsigned(start)
        writer.unsigned(milliseconds)
        writer.unsigned(UInt64(frameCount))
        writer.byteString(root)
        writer.array(blocks) { $1.encode(into: &$0) }
    }
}

/// The segments of one track in one lease group. Fields: `v`, `group`, `track`, `sender`, `segments`, `recording`.
package struct GroupManifest: WireObject, Hashable {
    package let group: GroupIndex
    package let track: UInt8
    package let sender: PublicKey
    /// Ascending by start; at most `RecordingLimits.segmentsPerGroup`.
    package let segments: [SegmentEntry]
    package let recording: RecordingID

    /// - Throws: `RecordingError.limitExceeded`, or `.mismatch` when a segment is of another group or track, or
    ///   `.outOfOrder`.
    package init(
        group: GroupIndex, track: UInt8, sender: PublicKey, segments: [SegmentEntry], recording: RecordingID
    ) throws(RecordingError) {
        guard segments.count <= RecordingLimits.segmentsPerGroup else {
            throw .limitExceeded(limit: UInt64(RecordingLimits.segmentsPerGroup))
        }
        guard Self.belong(segments, to: group, track) else { throw .mismatch }
        guard Self.areOrdered(segments) else { throw .outOfOrder }
        self.group = group
        self.track = track
        self.sender = sender
        self.segments = segments
        self.recording = recording
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(6)
        group = GroupIndex(try reader.number("group", max: 1 << 28))
        track = UInt8(try reader.number("track", max: 255))
        sender = try reader.id("sender")
        segments = try reader.list("segments", max: RecordingLimits.segmentsPerGroup)
        guard Self.belong(segments, to: group, track), Self.areOrdered(segments) else {
            throw .badValue(field: "segments")
        }
        recording = try reader.id("recording")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(6)
        writer.field("group", group.rawValue)
        writer.field("track", UInt64(track))
        writer.field("sender", sender)
        writer.field("segments", list: segments)
        writer.field("recording", recording)
    }

    /// RFC 9162 root over the segments' roots.
    package func root(with hash: inout some Hashing) -> Digest {
        var leaves: [Digest] = []
        for segment in segments { leaves.append(MerkleTree.leafHash(segment.root.bytes, with: &hash)) }
        return MerkleTree.root(of: leaves, with: &hash)
    }

    package var blockCount: Int { segments.reduce(0) { $0 + $1.blocks.count } }

    /// The entry that a decoded segment answers to.
    /// - Throws: `RecordingError.mismatch` when it is not of this group, or its frames are not those of its root.
    package func entry(
        for segment: Segment, with hash: inout some Hashing
    ) throws(RecordingError) -> SegmentEntry {
        guard segment.recording == recording, segment.sender == sender,
            let entry = segments.first(where: { $0.key == segment.key }),
            entry == SegmentEntry(segment, blocks: entry.blocks), segment.isWhole(with: &hash)
        else { throw .mismatch }
        return entry
    }

    private static func belong(_ segments: [SegmentEntry], to group: GroupIndex, _ track: UInt8) -> Bool {
        segments.allSatisfy {
            $0.key.track == track && $0.start / LeaseLimits.groupMilliseconds == group.rawValue
        }
    }

    private static func areOrdered(_ segments: [SegmentEntry]) -> Bool {
        zip(segments, segments.dropFirst()).allSatisfy { $0.start <= $1.start && $0.key < $1.key }
    }
}
