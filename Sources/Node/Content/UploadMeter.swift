import EventLoop
import Primitives
import Synchronization

/// Counts what members hand in through their home node, day by day, so that nobody fills the holders' disks.
final class UploadMeter: Sendable {
    /// Members counted at once; one more, and those of an earlier day are forgotten.
    static let membersMax = 65_536
    private static let day: UInt64 = 86_400_000

    private struct Count {
        var day: UInt64
        var byteCount: UInt64
    }

    private let byteCountMax: UInt64
    private let counts = Mutex<[MemberID: Count]>([:])

    /// - Parameter byteCountMax: for one member in a day (UTC).
    init(byteCountMax: UInt64) { self.byteCountMax = byteCountMax }

    /// Counts the bytes, unless they are too many.
    func take(_ byteCount: Int, from member: MemberID, at now: Timestamp = SystemTime.utc) -> Bool {
        let day = now.rawValue / Self.day
        return counts.withLock { counts in
            if counts.count >= Self.membersMax { counts = counts.filter { $0.value.day == day } }
            var count = counts[member] ?? Count(day: day, byteCount: 0)
            if count.day != day { count = Count(day: day, byteCount: 0) }
            guard counts.count < Self.membersMax || counts[member] != nil,
                count.byteCount + UInt64(byteCount) <= byteCountMax
            else { return false }
            count.byteCount += UInt64(byteCount)
            counts[member] = count
            return true
        }
    }
}
