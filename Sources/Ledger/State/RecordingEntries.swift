package import Primitives
package import Wire

/// What one participant agreed to, and when: `{v, spans, policy, retention}`.
package struct ConsentEntry: WireObject, Hashable {
    /// Spans that one consent may have: given and withdrawn as often.
    package static let spansMax = 64

    /// `{v, to, from, roster, tracks}`: consent to these tracks with this roster, from one record time to another.
    package struct Span: WireObject, Hashable {
        /// When it was withdrawn or replaced; nil while it stands.
        package var to: Timestamp?
        package let from: Timestamp
        package let roster: Digest
        package let tracks: TrackKinds

        package init(to: Timestamp?, from: Timestamp, roster: Digest, tracks: TrackKinds) {
            self.to = to
            self.from = from
            self.roster = roster
            self.tracks = tracks
        }

        package init(from reader: inout CBORReader) throws(WireError) {
            try reader.begin(5)
            try reader.key("to")
            to = reader.nullIfPresent() ? nil : try reader.counter()
            from = try reader.count("from")
            roster = try reader.id("roster")
            tracks = try TrackKinds(reading: try reader.number("tracks"), field: "tracks")
            reader.leave()
        }

        package func encode(into writer: inout CBORWriter) {
            writer.begin(5)
            writer.key("to")
            if let to { writer.unsigned(to) } else { writer.null() }
            writer.field("from", from)
            writer.field("roster", roster)
            writer.field("tracks", UInt64(tracks.rawValue))
        }
    }

    package var spans: [Span]
    /// Who may view: the policy given last.
    package var policy: [UInt8]
    package var retentionDays: UInt64

    package init(spans: [Span], policy: [UInt8], retentionDays: UInt64) {
        self.spans = spans
        self.policy = policy
        self.retentionDays = retentionDays
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(4)
        spans = try reader.list("spans", max: Self.spansMax)
        policy = try reader.bytes("policy", max: CeilingOf.policyBytes)
        retentionDays = try reader.number("retention")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(4)
        writer.field("spans", list: spans)
        writer.field("policy", policy)
        writer.field("retention", retentionDays)
    }

    /// Whether it stands now.
    package var isLive: Bool { spans.last.map { $0.to == nil } ?? false }

    /// Whether one span covers the whole of `interval`, with this roster and, unless empty, these tracks.
    package func covers(_ interval: GroupInterval, roster: Digest, tracks: TrackKinds = []) -> Bool {
        spans.contains { span in
            span.roster == roster && span.tracks.isSuperset(of: tracks) && span.from <= interval.start
                && span.to.map { interval.end <= $0 } ?? true
        }
    }

    /// Ends the span that stands, if one does.
    mutating func end(at now: Timestamp) {
        if isLive { spans[spans.count - 1].to = now }
    }
}

/// A recording: `{v, call, owner, holders, senders}`.
package struct RecordingEntry: WireObject, Hashable {
    package let call: CallID
    package let owner: MemberID
    /// The nodes that hold it; empty until the first seal names them.
    package var holders: [MemberID]
    /// The per-call keys that have sealed, in ascending order.
    package var senders: [PublicKey]

    package init(call: CallID, owner: MemberID, holders: [MemberID], senders: [PublicKey]) {
        self.call = call
        self.owner = owner
        self.holders = holders
        self.senders = senders
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(5)
        call = try reader.id("call")
        owner = try reader.id("owner")
        holders = try reader.idSet("holders", max: CeilingOf.holders)
        senders = try reader.idSet("senders", max: CeilingOf.roster)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(5)
        writer.field("call", call)
        writer.field("owner", owner)
        writer.field("holders", ids: holders)
        writer.field("senders", ids: senders)
    }
}

/// What one sender sealed: `{v, time, wraps, tracks, manifest}`.
package struct SealEntry: WireObject, Hashable {
    /// `{v, id, kind, root, count, first, accepted}`
    package struct Track: WireObject, Hashable {
        package let id: UInt64
        package let kind: TrackKinds
        package let root: Digest
        /// Groups in the seal, covered or not: they count for places in the tree of wraps.
        package let count: UInt64
        package let first: GroupIndex
        /// One bit for each group, most significant first: set when consent covered it.
        package let accepted: [UInt8]

        package init(
            id: UInt64, kind: TrackKinds, root: Digest, count: UInt64, first: GroupIndex, accepted: [UInt8]
        ) {
            self.id = id
            self.kind = kind
            self.root = root
            self.count = count
            self.first = first
            self.accepted = accepted
        }

        package init(from reader: inout CBORReader) throws(WireError) {
            try reader.begin(7)
            id = try reader.number("id", max: 255)
            kind = try TrackKinds(reading: try reader.number("kind"), field: "kind")
            root = try reader.id("root")
            count = try reader.number("count", max: UInt64(CeilingOf.groupsPerSeal))
            first = try reader.count("first")
            accepted = try reader.bytes("accepted", max: CeilingOf.groupsPerSeal / 8)
            guard accepted.count == (Int(count) + 7) / 8 else { throw .badValue(field: "accepted") }
            reader.leave()
        }

        package func encode(into writer: inout CBORWriter) {
            writer.begin(7)
            writer.field("id", id)
            writer.field("kind", UInt64(kind.rawValue))
            writer.field("root", root)
            writer.field("count", count)
            writer.field("first", first)
            writer.field("accepted", accepted)
        }

        /// The place of `group` among this track's groups, if consent covered it.
        package func position(ofAccepted group: GroupIndex) -> UInt64? {
            guard group >= first, group.rawValue - first.rawValue < count else { return nil }
            let position = group.rawValue - first.rawValue
            return accepted[Int(position / 8)] & (0x80 >> UInt8(position % 8)) != 0 ? position : nil
        }
    }

    /// When it was sealed, in record time: retention counts from here.
    package let time: Timestamp
    package let wraps: Digest
    package let tracks: [Track]
    package let manifest: CID

    package init(time: Timestamp, wraps: Digest, tracks: [Track], manifest: CID) {
        self.time = time
        self.wraps = wraps
        self.tracks = tracks
        self.manifest = manifest
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(5)
        time = try reader.count("time")
        wraps = try reader.id("wraps")
        tracks = try reader.list("tracks", max: CeilingOf.tracksPerSeal)
        manifest = try reader.linkField("manifest")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(5)
        writer.field("time", time)
        writer.field("wraps", wraps)
        writer.field("tracks", list: tracks)
        writer.field("manifest", link: manifest)
    }

    /// Whether consent covered this group of any track.
    package func accepts(_ group: GroupIndex) -> Bool { tracks.contains { $0.position(ofAccepted: group) != nil } }

    /// Where the wrap of an accepted group stands in the tree under `wraps`, and the size of that tree.
    package func wrapPlace(track id: UInt64, group: GroupIndex) -> (index: UInt64, size: UInt64)? {
        var before: UInt64 = 0
        var place: UInt64?
        for track in tracks {
            if track.id == id, let position = track.position(ofAccepted: group) { place = before + position }
            before += track.count
        }
        return place.map { ($0, before) }
    }
}
