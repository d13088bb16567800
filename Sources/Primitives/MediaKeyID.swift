/// The key id of SFrame (RFC 9605) in Sotto: which key opened a frame, and so who sent it, on which track, in which
/// roster epoch and segment.
///
/// 64 bits: roster epoch 16 | sender 12 | track 8 | segment 28. The counter of a key id starts at 0 and never restarts;
/// a process that restarts takes a new roster epoch first.
package struct MediaKeyID: Hashable, Comparable, Sendable {
    package static let rosterEpochMax: UInt64 = 0xffff
    package static let senderMax: UInt16 = 0xfff
    package static let segmentMax: UInt32 = 0xfff_ffff

    package let rawValue: UInt64

    /// Every number has its parts.
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Nil when a part is above its maximum: 16 bits of roster epoch, 12 of sender, 28 of segment.
    package init?(rosterEpoch: RosterEpoch, sender: UInt16, track: UInt8, segment: UInt32) {
        guard rosterEpoch.rawValue <= Self.rosterEpochMax, sender <= Self.senderMax, segment <= Self.segmentMax else {
            return nil
        }
        rawValue =
            rosterEpoch.rawValue << 48 | UInt64(sender) << 36 | UInt64(track) << 28 | UInt64(segment)
    }

    package var rosterEpoch: RosterEpoch { RosterEpoch(rawValue >> 48) }
    /// The sender's place in the roster.
    package var sender: UInt16 { UInt16(rawValue >> 36 & 0xfff) }
    /// The sender's track, by the order in which it announced them.
    package var track: UInt8 { UInt8(rawValue >> 28 & 0xff) }
    package var segment: UInt32 { UInt32(rawValue & 0xfff_ffff) }

    package static func < (left: MediaKeyID, right: MediaKeyID) -> Bool { left.rawValue < right.rawValue }
}
