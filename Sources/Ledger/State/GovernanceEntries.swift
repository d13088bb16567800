package import Primitives
package import Wire

/// Open proposals: `{v, list}`.
package struct ProposalsEntry: WireObject, Hashable {
    /// `{v, id, joins, until, votes, leaves, limits}`
    package struct Proposal: WireObject, Hashable {
        package let id: TransactionID
        package let joins: [MemberID]
        /// The last record time at which a vote counts.
        package let until: Timestamp
        /// Who said yes, in ascending order.
        package var votes: [MemberID]
        package let leaves: [MemberID]
        package let limits: LimitChanges

        package init(
            id: TransactionID, joins: [MemberID], until: Timestamp, votes: [MemberID], leaves: [MemberID],
            limits: LimitChanges
        ) {
            self.id = id
            self.joins = joins
            self.until = until
            self.votes = votes
            self.leaves = leaves
            self.limits = limits
        }

        package init(from reader: inout CBORReader) throws(WireError) {
            try reader.begin(7)
            id = try reader.id("id")
            joins = try reader.idSet("joins", max: CeilingOf.validators)
            until = try reader.count("until")
            votes = try reader.idSet("votes", max: CeilingOf.validators)
            leaves = try reader.idSet("leaves", max: CeilingOf.validators)
            limits = try reader.object("limits")
            reader.leave()
        }

        package func encode(into writer: inout CBORWriter) {
            writer.begin(7)
            writer.field("id", id)
            writer.field("joins", ids: joins)
            writer.field("until", until)
            writer.field("votes", ids: votes)
            writer.field("leaves", ids: leaves)
            writer.field("limits", limits)
        }
    }

    package var proposals: [Proposal]

    package init(_ proposals: [Proposal]) { self.proposals = proposals }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(2)
        proposals = try reader.list("list", max: CeilingOf.proposals)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(2)
        writer.field("list", list: proposals)
    }
}

/// The limits that hold, and those that will from the next validator epoch on: `{v, now, next}`.
package struct LimitsEntry: WireObject, Equatable {
    package let now: NetworkLimits
    package let next: NetworkLimits

    package init(now: NetworkLimits, next: NetworkLimits) {
        self.now = now
        self.next = next
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        now = try reader.object("now")
        next = try reader.object("next")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("now", now)
        writer.field("next", next)
    }
}

/// Some of the newest final records, for whoever proves that it has caught up: `{v, list: [[height, time, record]]}`,
/// oldest first.
package struct RecentRecordsEntry: WireObject, Hashable {
    /// One is noted when the last is this much older, in milliseconds.
    package static let spacing: UInt64 = 10_000
    package static let countMax = 64

    package struct Noted: Hashable, Sendable {
        package let height: Height
        package let time: Timestamp
        /// The digest of the record's id.
        package let record: Digest
    }

    package private(set) var list: [Noted]

    package init() { list = [] }

    /// Notes a record, if the last that was noted is old enough; the oldest makes room.
    ///
    /// - Returns: whether anything changed.
    package mutating func note(_ record: Record, _ id: CID) -> Bool {
        if let last = list.last, record.time.milliseconds(since: last.time) < Self.spacing { return false }
        list.append(Noted(height: record.height, time: record.time, record: id.digest))
        list.removeFirst(max(0, list.count - Self.countMax))
        return true
    }

    package func contains(_ height: Height, _ record: Digest) -> Bool {
        list.contains { $0.height == height && $0.record == record }
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(2)
        try reader.key("list")
        list = try reader.array(max: Self.countMax) { inner throws(WireError) in
            let start = inner.offset
            guard try inner.arrayHeader(max: 3) == 3 else { throw .unexpectedType(at: start) }
            let noted = Noted(
                height: try inner.counter(), time: try inner.counter(), record: try inner.identifier())
            inner.leave()
            return noted
        }
        guard isStrictlyAscending(list.map(\.height)) else { throw .badValue(field: "list") }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(2)
        writer.key("list")
        writer.array(list) { writer, noted in
            writer.arrayHeader(count: 3)
            writer.unsigned(noted.height)
            writer.unsigned(noted.time)
            writer.byteString(noted.record)
        }
    }
}

/// Members of the set that decides who were proven to have signed twice: `{v, list}`, ascending. They leave as soon as
/// the bounds of the set allow, and do not join again before they have left.
package struct CulpritsEntry: WireObject, Hashable {
    package let members: [MemberID]

    /// Sorts; a member stands once.
    package init(_ members: some Collection<MemberID>) { self.members = Set(members).sorted() }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(2)
        members = try reader.idSet("list", max: 2 * CeilingOf.validators)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(2)
        writer.field("list", ids: members)
    }
}

/// That a member signed twice in a validator epoch: `{v, digest, height}`.
package struct EvidenceEntry: WireObject, Hashable {
    /// H of the evidence.
    package let digest: Digest
    /// Where it was recorded.
    package let height: Height

    package init(digest: Digest, height: Height) {
        self.digest = digest
        self.height = height
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        digest = try reader.id("digest")
        height = try reader.count("height")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("digest", digest)
        writer.field("height", height)
    }
}
