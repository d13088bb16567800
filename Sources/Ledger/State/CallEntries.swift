package import Primitives
package import Wire

/// A home node's commitment to one interval's calls: `{v, root, size}`.
package struct CommitEntry: WireObject, Hashable {
    package let root: Digest
    package let size: UInt64

    package init(root: Digest, size: UInt64) {
        self.root = root
        self.size = size
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        root = try reader.id("root")
        size = try reader.number("size", max: CeilingOf.commitLeaves)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("root", root)
        writer.field("size", size)
    }
}

/// A call that is to be recorded: `{v, ended, owner, seats, rosters, recording}`.
package struct CallEntry: WireObject, Hashable {
    /// `{v, key, home, certificate}`
    package struct Seat: WireObject, Hashable {
        package let key: PublicKey
        /// The home node that vouches for it.
        package let home: MemberID
        package let certificate: Digest

        package init(key: PublicKey, home: MemberID, certificate: Digest) {
            self.key = key
            self.home = home
            self.certificate = certificate
        }

        package init(from reader: inout CBORReader) throws(WireError) {
            try reader.begin(4)
            key = try reader.id("key")
            home = try reader.id("home")
            certificate = try reader.id("certificate")
            reader.leave()
        }

        package func encode(into writer: inout CBORWriter) {
            writer.begin(4)
            writer.field("key", key)
            writer.field("home", home)
            writer.field("certificate", certificate)
        }
    }

    /// `{v, from, hash, seats}`: the first `seatCount` seats, from this record time until the next roster's.
    package struct Roster: WireObject, Hashable {
        package let from: Timestamp
        package let hash: Digest
        package let seatCount: UInt64

        package init(from: Timestamp, hash: Digest, seatCount: UInt64) {
            self.from = from
            self.hash = hash
            self.seatCount = seatCount
        }

        package init(from reader: inout CBORReader) throws(WireError) {
            try reader.begin(4)
            from = try reader.count("from")
            hash = try reader.id("hash")
            seatCount = try reader.number("seats", max: UInt64(CeilingOf.roster))
            reader.leave()
        }

        package func encode(into writer: inout CBORWriter) {
            writer.begin(4)
            writer.field("from", from)
            writer.field("hash", hash)
            writer.field("seats", seatCount)
        }
    }

    /// When it ended, in record time; nil while it goes on.
    package var ended: Timestamp?
    package let owner: MemberID
    /// In the order of joining.
    package var seats: [Seat]
    package var rosters: [Roster]
    package let recording: RecordingID

    package init(ended: Timestamp?, owner: MemberID, seats: [Seat], rosters: [Roster], recording: RecordingID) {
        self.ended = ended
        self.owner = owner
        self.seats = seats
        self.rosters = rosters
        self.recording = recording
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(6)
        try reader.key("ended")
        ended = reader.nullIfPresent() ? nil : try reader.counter()
        owner = try reader.id("owner")
        seats = try reader.list("seats", max: CeilingOf.roster)
        rosters = try reader.list("rosters", max: CeilingOf.rosterChanges)
        recording = try reader.id("recording")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(6)
        writer.key("ended")
        if let ended { writer.unsigned(ended) } else { writer.null() }
        writer.field("owner", owner)
        writer.field("seats", list: seats)
        writer.field("rosters", list: rosters)
        writer.field("recording", recording)
    }

    /// The roster that stood during the whole of `interval`; nil when there was none, or it changed within.
    package func roster(during interval: GroupInterval) -> Roster? {
        if let ended, interval.end > ended { return nil }
        guard let position = rosters.lastIndex(where: { $0.from <= interval.start }) else { return nil }
        let isLast = position == rosters.count - 1
        return isLast || interval.end <= rosters[position + 1].from ? rosters[position] : nil
    }
}

/// Where a per-call key belongs: `{v, call, home}`.
package struct CallKeyEntry: WireObject, Hashable {
    package let call: CallID
    package let home: MemberID

    package init(call: CallID, home: MemberID) {
        self.call = call
        self.home = home
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        call = try reader.id("call")
        home = try reader.id("home")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("call", call)
        writer.field("home", home)
    }
}
