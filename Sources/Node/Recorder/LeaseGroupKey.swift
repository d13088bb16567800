package import Crypto
package import Primitives

/// The key of one lease group of one track: 60 s of it. Random, and gone with the last reference.
package final class LeaseGroupKey: Sendable {
    package let secret: SecretKey

    /// A new key.
    package init() { secret = SecretKey() }

    /// A key that another participant handed over.
    /// - Throws: `CryptoError.badLength` unless there are 32 bytes.
    package init(copying bytes: [UInt8]) throws(CryptoError) { secret = try SecretKey(copying: bytes.span) }

    /// Its bytes, to be handed over under the session's keys.
    package var bytes: [UInt8] { secret.withBytes { bytes in bytes.indices.map { bytes[$0] } } }

    /// The SFrame base key of one segment of the group.
    package func segmentKey(track: UInt8, segment: UInt32) -> [UInt8] {
        GroupKey.segmentKey(of: secret, track: track, segment: segment).withBytes { bytes in
            bytes.indices.map { bytes[$0] }
        }
    }
}

/// How segment numbers tell groups: group g has the numbers from 64 (g + 1) on. So a receiver knows from a frame's key
/// id which group key opens it, and no number of a recording meets one of the frames that are not recorded.
package enum SegmentNumbers {
    /// Numbers of one group; segments last at least 2 s, so a group of 60 s never uses half of them.
    package static let perGroup: UInt32 = 64

    /// The first segment of a group.
    package static func first(of group: GroupIndex) -> UInt32 {
        UInt32(clamping: group.rawValue + 1) &* perGroup
    }

    /// The group of a segment; nil for frames that are not recorded.
    package static func group(of segment: UInt32) -> GroupIndex? {
        guard segment >= perGroup, segment % perGroup != perGroup - 1 else { return nil }
        return GroupIndex(UInt64(segment / perGroup) - 1)
    }

    /// Whether frames under this number go under the call's own key, after a recording.
    package static func isUnrecorded(_ segment: UInt32) -> Bool {
        segment >= perGroup && segment % perGroup == perGroup - 1
    }

    /// The number for frames that are not recorded any more after a group: key ids only ever rise.
    package static func unrecorded(after group: GroupIndex) -> UInt32 { first(of: group) + perGroup - 1 }
}

/// The group keys that other participants handed over: opens their frames while they are recorded.
package final class ReceivedGroupKeys: Sendable {
    /// Keys kept: some minutes of some tracks of some senders. Beyond it the oldest groups go.
    package static let countMax = 256

    private struct Place: Hashable {
        let sender: UInt16
        let track: UInt8
        let group: GroupIndex
    }
    private let keys = SharedTable<Place, LeaseGroupKey>()

    package init() {}

    /// Keys that have come and were not destroyed.
    package var count: Int { keys.read { $0.count } }

    /// Takes a key; the first for its place holds.
    package func insert(_ key: LeaseGroupKey, sender: UInt16, track: UInt8, group: GroupIndex) {
        keys.update { keys in
            let place = Place(sender: sender, track: track, group: group)
            if keys[place] == nil { keys[place] = key }
            if keys.count > Self.countMax, let oldest = keys.keys.min(by: { $0.group < $1.group }) {
                keys[oldest] = nil
            }
        }
    }

    /// The base key of the frames with this id; nil when its group's key has not come, or they are not recorded.
    package func baseKey(for id: MediaKeyID) -> [UInt8]? {
        guard let group = SegmentNumbers.group(of: id.segment) else { return nil }
        let key = keys.read { $0[Place(sender: id.sender, track: id.track, group: group)] }
        return key?.segmentKey(track: id.track, segment: id.segment)
    }

    /// Destroys the keys of each sender's newest groups, those of the open one and of the next: consent was withdrawn.
    package func destroyOpenGroups() {
        keys.update { keys in
            guard let newest = keys.keys.map(\.group).max() else { return }
            keys = keys.filter { $0.key.group.next < newest }
        }
    }
}
