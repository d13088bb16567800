package import Primitives
package import Wire

/// The members that vote in one validator epoch, with the keys they vote with, in ascending order of their ids:
/// `{v, epoch, members: [{id, key}]}`. The engine reads the same bytes as its validator set; records carry their hash.
package struct ValidatorList: WireObject, Hashable {
    /// One validator, one vote.
    package struct Entry: Hashable, Sendable {
        package let member: MemberID
        package let key: PublicKey

        package init(member: MemberID, key: PublicKey) {
            self.member = member
            self.key = key
        }
    }

    package let epoch: ValidatorEpoch
    package let entries: [Entry]

    /// Sorts; a member stands once.
    package init(epoch: ValidatorEpoch, _ entries: [Entry]) {
        self.epoch = epoch
        self.entries = entries.sorted { $0.member < $1.member }
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        epoch = try reader.count("epoch")
        try reader.key("members")
        let list = try reader.array(max: CeilingOf.validators) { inner throws(WireError) in
            try inner.mapHeader(count: 2)
            let entry = Entry(member: try inner.id("id"), key: try inner.id("key"))
            inner.leave()
            return entry
        }
        guard isStrictlyAscending(list.map(\.member)) else { throw .badValue(field: "members") }
        entries = list
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("epoch", epoch)
        writer.key("members")
        writer.array(entries) { writer, entry in
            writer.mapHeader(count: 2)
            writer.field("id", entry.member)
            writer.field("key", entry.key)
        }
    }

    package func entry(of member: MemberID) -> Entry? { entries.first { $0.member == member } }
    package func entry(with key: PublicKey) -> Entry? { entries.first { $0.key == key } }

    /// The hash that records carry.
    package func digest(with hash: inout some Hashing) -> Digest { hash.digest(encoded) }
}
