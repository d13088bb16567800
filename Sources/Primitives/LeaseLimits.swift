/// How fast a recording may be opened. A network parameter, the same for every validator.
package struct LeaseLimits: Equatable, Sendable {
    /// The media that one lease-group key opens, in milliseconds.
    package static let groupMilliseconds: UInt64 = 60_000
    /// A viewer never has more groups open than the one playing and the one prefetched.
    package static let openGroupsMax = 2
    /// Slowest and fastest playback that `speedPercent` may allow.
    package static let speedPercentRange: ClosedRange<UInt64> = 25...400

    /// The fastest playback allowed, in percent of real time. Default 100.
    package let speedPercent: UInt64
    /// How many seeks a viewer has in one window. Default 20: each may open a group that an honest player drops and a
    /// modified one keeps.
    package let seeksMax: UInt64
    /// The length of that window in milliseconds. Default one hour.
    package let seekWindowMilliseconds: UInt64
    /// A lease that comes this long after the one before begins a new viewing. Default 30 minutes.
    package let viewingGapMilliseconds: UInt64

    /// Nil when the speed is outside `speedPercentRange`.
    package init?(
        speedPercent: UInt64 = 100, seeksMax: UInt64 = 20, seekWindowMilliseconds: UInt64 = 3_600_000,
        viewingGapMilliseconds: UInt64 = 1_800_000
    ) {
        guard Self.speedPercentRange.contains(speedPercent) else { return nil }
        self.init(speedPercent, seeksMax, seekWindowMilliseconds, viewingGapMilliseconds)
    }

    private init(_ speedPercent: UInt64, _ seeksMax: UInt64, _ seekWindow: UInt64, _ viewingGap: UInt64) {
        self.speedPercent = speedPercent
        self.seeksMax = seeksMax
        seekWindowMilliseconds = seekWindow
        viewingGapMilliseconds = viewingGap
    }

    /// The limits of a network that states none.
    package static let standard = LeaseLimits(100, 20, 3_600_000, 1_800_000)

    /// From the lease of one group to the earliest lease of the next: 50 s at real time, less at a higher speed.
    package var spacingMilliseconds: UInt64 { 50_000 * 100 / speedPercent }

    /// The longest life of a lease: two spacings, so that the third group in a row finds the first one expired.
    package var lifetimeMillisecondsMax: UInt64 { 2 * spacingMilliseconds }
}
