package import Primitives

/// A node in the DHT's key space.
///
/// The id is H(beacon ‖ member id), where the beacon is the first record some heights after the admission became
/// final: fixed for life, independent of key rotation, and not for the node to choose. The proposer of that record
/// could choose among the blocks it might propose; it sees no more than one try for each of its own views.
package struct Contact: Hashable, Sendable {
    package let id: DHTKey
    package let member: MemberID

    package init(id: DHTKey, member: MemberID) {
        self.id = id
        self.member = member
    }

    /// The contact of `member`, placed by `beacon`.
    package init(member: MemberID, beacon: Digest, with hash: inout some Hashing) {
        hash.update(Array("sotto/1/dht-node".utf8))
        hash.update([0])
        hash.update(beacon.bytes)
        hash.update(member.bytes)
        self.init(id: DHTKey(raw: hash.finish().raw), member: member)
    }
}
