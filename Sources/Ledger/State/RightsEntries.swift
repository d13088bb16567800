package import Primitives
package import Wire

/// The rights in a recording: `{v, root, epoch, floor, policy, rooted}`. Stands from the publication on.
package struct RightsEntry: WireObject, Hashable {
    /// The agreed root of the outer manifest, of rights epoch `rooted`.
    package var root: Digest
    package var epoch: RightsEpoch
    /// Grants and leases given in an earlier rights epoch are void.
    package var floor: RightsEpoch
    package var policy: [UInt8]
    /// The rights epoch that `root` belongs to: behind `epoch` until enough holders have posted.
    package var rooted: RightsEpoch

    package init(root: Digest, epoch: RightsEpoch, floor: RightsEpoch, policy: [UInt8], rooted: RightsEpoch) {
        self.root = root
        self.epoch = epoch
        self.floor = floor
        self.policy = policy
        self.rooted = rooted
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(6)
        root = try reader.id("root")
        epoch = try reader.count("epoch")
        floor = try reader.count("floor")
        policy = try reader.bytes("policy", max: CeilingOf.policyBytes)
        rooted = try reader.count("rooted")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(6)
        writer.field("root", root)
        writer.field("epoch", epoch)
        writer.field("floor", floor)
        writer.field("policy", policy)
        writer.field("rooted", rooted)
    }
}

/// A viewer's standing with a recording: `{v, epoch, active}`.
package struct GrantEntry: WireObject, Hashable {
    /// The rights epoch in which it was granted or revoked.
    package let epoch: RightsEpoch
    /// False once revoked; then not even a policy that needs no grant lets the viewer in.
    package let isActive: Bool

    package init(epoch: RightsEpoch, isActive: Bool) {
        self.epoch = epoch
        self.isActive = isActive
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        epoch = try reader.count("epoch")
        isActive = try reader.flag("active")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("epoch", epoch)
        writer.field("active", isActive)
    }
}

/// What one holder posted last: `{v, root, epoch}`.
package struct RotationEntry: WireObject, Hashable {
    package let root: Digest
    package let epoch: RightsEpoch

    package init(root: Digest, epoch: RightsEpoch) {
        self.root = root
        self.epoch = epoch
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        root = try reader.id("root")
        epoch = try reader.count("epoch")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("root", root)
        writer.field("epoch", epoch)
    }
}

/// What one viewer opened of one recording: `{v, key, epoch, history, previous}`.
package struct LeaseEntry: WireObject, Equatable {
    /// The key that shares under the newest lease are sealed to.
    package let key: AgreementKey
    /// The rights epoch of the newest lease.
    package let epoch: RightsEpoch
    package let history: LeaseHistory
    /// The key of the lease before.
    package let previousKey: AgreementKey

    package init(key: AgreementKey, epoch: RightsEpoch, history: LeaseHistory, previousKey: AgreementKey) {
        self.key = key
        self.epoch = epoch
        self.history = history
        self.previousKey = previousKey
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(5)
        key = try reader.id("key")
        epoch = try reader.count("epoch")
        history = try reader.object("history")
        previousKey = try reader.id("previous")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(5)
        writer.field("key", key)
        writer.field("epoch", epoch)
        writer.field("history", history)
        writer.field("previous", previousKey)
    }

    /// The key that shares for `group` may be sealed to at `now`: that of the open lease which names the group.
    package func key(for group: GroupIndex, at now: Timestamp) -> AgreementKey? {
        if let last = history.last, last.group == group, last.isOpen(at: now) { return key }
        if let previous = history.previous, previous.group == group, previous.isOpen(at: now) { return previousKey }
        return nil
    }
}

/// Who holds unexpired leases of a recording: `{v, list: [[member, not after]]}`, in ascending order of members.
package struct ViewersEntry: WireObject, Hashable {
    package struct Viewer: Hashable, Sendable {
        package let member: MemberID
        package let notAfter: Timestamp
    }

    package private(set) var viewers: [Viewer]

    package init() { viewers = [] }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(2)
        try reader.key("list")
        viewers = try reader.array(max: CeilingOf.viewers) { inner throws(WireError) in
            let start = inner.offset
            guard try inner.arrayHeader(max: 2) == 2 else { throw .unexpectedType(at: start) }
            let viewer = Viewer(member: try inner.identifier(), notAfter: try inner.counter())
            inner.leave()
            return viewer
        }
        guard isStrictlyAscending(viewers.map(\.member)) else { throw .badValue(field: "list") }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(2)
        writer.key("list")
        writer.array(viewers) { writer, viewer in
            writer.arrayHeader(count: 2)
            writer.byteString(viewer.member)
            writer.unsigned(viewer.notAfter)
        }
    }

    /// Drops who has run out at `now`, and `member`: what is left are the others that are at it.
    func others(than member: MemberID, at now: Timestamp) -> ViewersEntry {
        var copy = self
        copy.viewers.removeAll { $0.member == member || $0.notAfter <= now }
        return copy
    }

    mutating func insert(_ member: MemberID, notAfter: Timestamp) {
        let place = viewers.firstIndex { $0.member > member } ?? viewers.endIndex
        viewers.insert(Viewer(member: member, notAfter: notAfter), at: place)
    }
}
