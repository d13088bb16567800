/// Turns numbers that wrap (RTP's 16-bit sequence, its 32-bit timestamp) into numbers that do not.
///
/// Each value is taken to be the one nearest to the highest seen, so late packets land before it. Counting starts one
/// full cycle up, so that what arrives late at the very beginning is still positive.
package struct Unwrapper<Narrow: FixedWidthInteger & UnsignedInteger & Sendable>: Equatable, Sendable {
    /// The highest unwrapped value seen, nil before the first.
    package private(set) var highest: UInt64?

    package init() {}

    package mutating func unwrap(_ value: Narrow) -> UInt64 {
        guard let highest else {
            let first = 1 << UInt64(Narrow.bitWidth) | UInt64(value)
            self.highest = first
            return first
        }
        let ahead = value &- Narrow(truncatingIfNeeded: highest)
        let isAhead = ahead < 1 << (Narrow.bitWidth - 1)
        if isAhead {
            let unwrapped = highest + UInt64(ahead)
            self.highest = unwrapped
            return unwrapped
        }
        let behind = UInt64(0 &- ahead)
        return highest > behind ? highest - behind : 0
    }
}
