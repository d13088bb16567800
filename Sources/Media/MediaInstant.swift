/// A reading of the shell's monotonic clock, in microseconds since any fixed moment. A core never reads a clock.
package struct MediaInstant: Hashable, Comparable, Sendable {
    package let microseconds: UInt64

    package init(microseconds: UInt64) { self.microseconds = microseconds }

    /// Later by `microseconds`; stays at the highest value instead of wrapping.
    package func adding(microseconds: UInt64) -> MediaInstant {
        let (sum, overflow) = self.microseconds.addingReportingOverflow(microseconds)
        return MediaInstant(microseconds: overflow ? .max : sum)
    }

    /// Microseconds from `earlier` to here, 0 when `earlier` is later.
    package func microseconds(since earlier: MediaInstant) -> UInt64 {
        microseconds > earlier.microseconds ? microseconds - earlier.microseconds : 0
    }

    package static func < (left: MediaInstant, right: MediaInstant) -> Bool { left.microseconds < right.microseconds }
}
