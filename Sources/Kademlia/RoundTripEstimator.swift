/// How long to wait for one peer's answer: smoothed round trip plus four deviations (RFC 6298 section 2), at least 20
/// milliseconds, doubled for each attempt that went unanswered.
package struct RoundTripEstimator: Equatable, Sendable {
    package static let timeoutMin = Duration.milliseconds(20)
    package static let timeoutMax = Duration.seconds(2)
    /// For a peer that never answered yet.
    package static let timeoutInitial = Duration.milliseconds(250)

    private var smoothed: Duration?
    private var deviation = Duration.zero
    private var unanswered = 0

    package init() {}

    package mutating func answered(after sample: Duration) {
        unanswered = 0
        guard let mean = smoothed else {
            smoothed = sample
            deviation = sample / 2
            return
        }
        let error = sample > mean ? sample - mean : mean - sample
        deviation = (deviation * 3 + error) / 4
        smoothed = (mean * 7 + sample) / 8
    }

    package mutating func timedOut() { unanswered = min(unanswered + 1, 6) }

    package var timeout: Duration {
        let base = smoothed.map { $0 + deviation * 4 } ?? Self.timeoutInitial
        return min(max(base, Self.timeoutMin) * (1 << unanswered), Self.timeoutMax)
    }
}
