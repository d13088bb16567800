package import Primitives
import Wire

/// The newest address record of each node, spread by digest.
///
/// Two nodes whose digests agree know the same addresses and say nothing more; otherwise one sends its records in the
/// order of member ids, a few in each datagram, and the other keeps what is newer.
package struct AddressBook: Equatable, Sendable {
    private let limits: Limits
    private var records: [MemberID: SignedAddress] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var count: Int { records.count }

    package func address(of member: MemberID, now: Timestamp) -> SignedAddress? {
        guard let record = records[member], record.record.expiry > now else { return nil }
        return record
    }

    /// Keeps a record if it is newer than the one held (`K-9`). True when something changed.
    package mutating func insert(_ verified: Verified<SignedAddress>, now: Timestamp) -> Bool {
        let address = verified.value
        let record = address.record
        guard record.expiry > now, record.expiry <= now.adding(milliseconds: limits.addressExpiryAheadMax) else {
            return false
        }
        if let held = records[record.member] {
            guard record.sequence > held.record.sequence else { return false }
        } else if records.count >= limits.addressesMax {
            return false
        }
        records[record.member] = address
        return true
    }

    /// Drops what has expired and what belongs to no member any more.
    package mutating func retain(members: Set<MemberID>, now: Timestamp) {
        records = records.filter { members.contains($0.key) && $0.value.record.expiry > now }
    }

    /// A hash over (member, sequence) of every live record, in the order of member ids.
    package func digest(now: Timestamp, with hash: inout some Hashing) -> Digest {
        for member in records.keys.sorted() {
            guard let record = records[member], record.record.expiry > now else { continue }
            hash.update(member.bytes)
            var sequence = CBORWriter()
            sequence.unsigned(record.record.sequence)
            hash.update(sequence.bytes)
        }
        return hash.finish()
    }

    /// The live records after `member`, at most `count`, and whether more follow.
    package func records(after member: MemberID, count: Int, now: Timestamp) -> (records: [SignedAddress], more: Bool) {
        let later = records.values.filter { $0.record.member > member && $0.record.expiry > now }
            .sorted { $0.record.member < $1.record.member }
        return (Array(later.prefix(count)), later.count > count)
    }
}
