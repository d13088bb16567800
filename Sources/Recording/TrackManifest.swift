package import Primitives
package import Wire

/// One lease group in a track's manifest: the array `[start, milliseconds, root, link, blocks]`.
package struct GroupEntry: WireObject, Hashable {
    /// When the group began, by the sender's wall clock: what the ledger holds against consents.
    package let start: Timestamp
    /// 1 through 60,000.
    package let milliseconds: UInt64
    /// `GroupManifest.root`.
    package let root: Digest
    package let manifest: BlockLink
    /// Content blocks of the group's segments.
    package let blockCount: Int

    package init(
        start: Timestamp, milliseconds: UInt64, group: GroupManifest, with hash: inout some Hashing
    ) {
        self.start = start
        self.milliseconds = min(max(milliseconds, 1), LeaseLimits.groupMilliseconds)
        root = group.root(with: &hash)
        manifest = BlockLink(to: group.encoded, .dagCBOR, with: &hash)
        blockCount = group.blockCount
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let offset = reader.offset
        guard try reader.arrayHeader(max: 5) == 5 else { throw .unexpectedType(at: offset) }
        start = try reader.counter()
        milliseconds = try reader.unsigned(max: LeaseLimits.groupMilliseconds)
        guard milliseconds > 0 else { throw .badValue(field: "groups") }
        root = try reader.identifier()
        manifest = try BlockLink(from: &reader)
        let blocksMax = RecordingLimits.segmentsPerGroup * RecordingLimits.blocksPerSegment
        blockCount = Int(try reader.unsigned(max: UInt64(blocksMax)))
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 5)
        writer.unsigned(start)
        writer.unsigned(milliseconds)
        writer.byteString(root)
        manifest.encode(into: &writer)
        writer.unsigned(UInt64(blockCount))
    }
}

/// One track of one sender. Group `first + i` is `groups[i]`; a group without frames has a manifest without segments.
/// Fields: `v`, `id`, `kind`, `root`, `first`, `groups`, `sender`, `recording`.
package struct TrackManifest: WireObject, Hashable {
    package let id: UInt8
    package let kind: TrackKind
    /// RFC 9162 root over the groups' roots: the track's root in the seal.
    package let root: Digest
    package let first: GroupIndex
    /// Ascending in time; at most `RecordingLimits.groupsPerTrack`.
    package let groups: [GroupEntry]
    package let sender: PublicKey
    package let recording: RecordingID

    /// - Throws: `RecordingError.limitExceeded` for too many groups, `.outOfOrder` for groups that overlap.
    package init(
        id: UInt8, kind: TrackKind, first: GroupIndex, groups: [GroupEntry], sender: PublicKey,
        recording: RecordingID, with hash: inout some Hashing
    ) throws(RecordingError) {
        guard groups.count <= RecordingLimits.groupsPerTrack else {
            throw .limitExceeded(limit: UInt64(RecordingLimits.groupsPerTrack))
        }
        guard Self.areOrdered(groups) else { throw .outOfOrder }
        self.id = id
        self.kind = kind
        self.first = first
        self.groups = groups
        self.sender = sender
        self.recording = recording
        root = Self.root(of: groups, with: &hash)
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(8)
        id = UInt8(try reader.number("id", max: 255))
        guard let kind = TrackKind(rawValue: UInt8(try reader.number("kind", max: 8))) else {
            throw .badValue(field: "kind")
        }
        self.kind = kind
        root = try reader.id("root")
        first = GroupIndex(try reader.number("first", max: 1 << 28))
        groups = try reader.list("groups", max: RecordingLimits.groupsPerTrack)
        guard Self.areOrdered(groups) else { throw .badValue(field: "groups") }
        sender = try reader.id("sender")
        recording = try reader.id("recording")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(8)
        writer.field("id", UInt64(id))
        writer.field("kind", UInt64(kind.rawValue))
        writer.field("root", root)
        writer.field("first", first.rawValue)
        writer.field("groups", list: groups)
        writer.field("sender", sender)
        writer.field("recording", recording)
    }

    /// Whether the root is that of the groups.
    package func isWhole(with hash: inout some Hashing) -> Bool { Self.root(of: groups, with: &hash) == root }

    /// The place of a group in `groups`, nil when this track has no such group.
    package func position(of group: GroupIndex) -> Int? {
        guard group >= first, group.rawValue - first.rawValue < UInt64(groups.count) else { return nil }
        return Int(group.rawValue - first.rawValue)
    }

    /// Inner shards of this track: its manifest, and each group's manifest and blocks.
    package var shardCount: Int { groups.reduce(1) { $0 + 1 + $1.blockCount } }

    private static func areOrdered(_ groups: [GroupEntry]) -> Bool {
        zip(groups, groups.dropFirst()).allSatisfy { $0.start.adding(milliseconds: $0.milliseconds) <= $1.start }
    }

    private static func root(of groups: [GroupEntry], with hash: inout some Hashing) -> Digest {
        var leaves: [Digest] = []
        for group in groups { leaves.append(MerkleTree.leafHash(group.root.bytes, with: &hash)) }
        return MerkleTree.root(of: leaves, with: &hash)
    }
}
