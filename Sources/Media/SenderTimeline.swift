/// Maps a source's RTP timestamps to the sender's wall clock, from its last sender report: with one of these for sound
/// and one for picture of the same sender, both can be shown at the moment they were taken (RFC 3550 section 5.1).
package struct SenderTimeline: Equatable, Sendable {
    package let clockRate: UInt32
    private var time: NTPTime?
    private var timestamp: UInt32 = 0

    package init(clockRate: UInt32) { self.clockRate = clockRate }

    package mutating func receive(_ report: SenderReport) {
        time = report.time
        timestamp = report.timestamp
    }

    /// Microseconds since 1900 by the sender's clock; nil before the first report.
    package func microseconds(of timestamp: UInt32) -> Int64? {
        guard let time else { return nil }
        let ticks = Int64(Int32(bitPattern: timestamp &- self.timestamp))
        return Int64(time.microseconds) + ticks * 1_000_000 / Int64(clockRate)
    }

    /// How many microseconds later than `other`'s frame this one was taken; nil until both have a report.
    package func microseconds(of timestamp: UInt32, after other: SenderTimeline, _ otherTimestamp: UInt32) -> Int64? {
        guard let here = microseconds(of: timestamp), let there = other.microseconds(of: otherTimestamp) else {
            return nil
        }
        return here - there
    }
}
