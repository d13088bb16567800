package import Primitives
package import Wire

/// `consent.give`, by a per-call key: this participant agrees to the recording of these of its tracks, to these
/// viewers, for this long, with exactly this roster.
package struct ConsentGive: WireObject, Hashable {
    package let recording: RecordingID
    package let tracks: TrackKinds
    /// Who may view: a policy in its normal form. Its CID is the raw CID of these bytes.
    package let policy: [UInt8]
    /// How long the recording may be kept, in days.
    package let retentionDays: UInt64
    package let roster: Digest

    package init(
        recording: RecordingID, tracks: TrackKinds, policy: [UInt8], retentionDays: UInt64, roster: Digest
    ) {
        self.recording = recording
        self.tracks = tracks
        self.policy = policy
        self.retentionDays = retentionDays
        self.roster = roster
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(6)
        policy = try reader.bytes("policy", max: CeilingOf.policyBytes)
        roster = try reader.id("roster")
        tracks = try TrackKinds(reading: try reader.number("tracks"), field: "tracks")
        recording = try reader.id("recording")
        retentionDays = try reader.number("retention", max: 36_525)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(6)
        writer.field("policy", policy)
        writer.field("roster", roster)
        writer.field("tracks", UInt64(tracks.rawValue))
        writer.field("recording", recording)
        writer.field("retention", retentionDays)
    }
}

/// `consent.withdraw`, by a per-call key: from this record on nothing of this participant may be recorded; after the
/// seal, no further lease of its tracks is given.
package struct ConsentWithdraw: WireObject, Hashable {
    package let recording: RecordingID

    package init(recording: RecordingID) { self.recording = recording }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(2)
        recording = try reader.id("recording")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(2)
        writer.field("recording", recording)
    }
}

/// The time that one group of a track covers: `[start, length]`, both in milliseconds.
package struct GroupInterval: WireObject, Hashable {
    package let start: Timestamp
    /// At most `LeaseLimits.groupMilliseconds`, and at least 1.
    package let milliseconds: UInt64

    package init(start: Timestamp, milliseconds: UInt64) {
        self.start = start
        self.milliseconds = milliseconds
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let offset = reader.offset
        guard try reader.arrayHeader(max: 2) == 2 else { throw .unexpectedType(at: offset) }
        start = try reader.counter()
        milliseconds = try reader.unsigned(max: LeaseLimits.groupMilliseconds)
        guard milliseconds > 0 else { throw .badValue(field: "groups") }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 2)
        writer.unsigned(start)
        writer.unsigned(milliseconds)
    }

    /// The first moment after it.
    package var end: Timestamp { start.adding(milliseconds: milliseconds) }
}

/// One track of one sender, as sealed: group `first + i` covers `groups[i]`.
package struct SealedTrack: WireObject, Hashable {
    /// The sender's number for it, 8 bits, as in the frame key ids.
    package let id: UInt64
    /// Exactly one kind.
    package let kind: TrackKinds
    /// The Merkle root over its segments.
    package let root: Digest
    /// The number of its first group: minutes since the recording began.
    package let first: GroupIndex
    package let groups: [GroupInterval]

    package init(id: UInt64, kind: TrackKinds, root: Digest, first: GroupIndex, groups: [GroupInterval]) {
        self.id = id
        self.kind = kind
        self.root = root
        self.first = first
        self.groups = groups
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(6)
        id = try reader.number("id", max: 255)
        kind = try TrackKinds(reading: try reader.number("kind"), field: "kind")
        guard kind.rawValue.nonzeroBitCount == 1 else { throw .badValue(field: "kind") }
        root = try reader.id("root")
        first = try reader.count("first", max: 1 << 28)
        groups = try reader.list("groups", max: CeilingOf.groupsPerSeal)
        guard zip(groups, groups.dropFirst()).allSatisfy({ $0.end <= $1.start }) else {
            throw .badValue(field: "groups")
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(6)
        writer.field("id", id)
        writer.field("kind", UInt64(kind.rawValue))
        writer.field("root", root)
        writer.field("first", first)
        writer.field("groups", list: groups)
    }

    /// The place in `groups` of the group with this number.
    package func position(of group: GroupIndex) -> Int? {
        guard group >= first, group.rawValue - first.rawValue < UInt64(groups.count) else { return nil }
        return Int(group.rawValue - first.rawValue)
    }
}

/// `recording.seal`, by a per-call key: what this sender recorded of its own tracks.
package struct RecordingSeal: WireObject, Hashable {
    package let recording: RecordingID
    /// The manifest of this sender's tracks.
    package let manifest: CID
    /// In ascending order of their ids.
    package let tracks: [SealedTrack]
    /// The RFC 9162 root over the wraps of all groups: tracks in order, and in each its groups in order.
    package let wraps: Digest
    /// Who holds the rights; must be the one that the call was opened with.
    package let owner: MemberID
    /// The nodes that will hold the recording, in ascending order; must be the same in every seal.
    package let holders: [MemberID]

    package init(
        recording: RecordingID, manifest: CID, tracks: [SealedTrack], wraps: Digest, owner: MemberID,
        holders: [MemberID]
    ) {
        self.recording = recording
        self.manifest = manifest
        self.tracks = tracks
        self.wraps = wraps
        self.owner = owner
        self.holders = holders
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(7)
        owner = try reader.id("owner")
        wraps = try reader.id("wraps")
        tracks = try reader.list("tracks", max: CeilingOf.tracksPerSeal)
        guard !tracks.isEmpty, zip(tracks, tracks.dropFirst()).allSatisfy({ $0.id < $1.id }) else {
            throw .badValue(field: "tracks")
        }
        holders = try reader.idSet("holders", max: CeilingOf.holders)
        manifest = try reader.linkField("manifest")
        recording = try reader.id("recording")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(7)
        writer.field("owner", owner)
        writer.field("wraps", wraps)
        writer.field("tracks", list: tracks)
        writer.field("holders", ids: holders)
        writer.field("manifest", link: manifest)
        writer.field("recording", recording)
    }

    /// Groups over all tracks: the size of the tree of wraps.
    package var groupCount: Int { tracks.reduce(0) { $0 + $1.groups.count } }
}
