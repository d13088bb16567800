package import Primitives

/// The recording's own time: milliseconds since it began, with each stretch after a pause starting at the next whole
/// group. So no lease-group key ever covers frames from before and after a change of the roster.
///
/// All senders use the same moments, which the participants agree on when they begin and resume.
package struct RecordingTimeline: Equatable, Sendable {
    private struct Stretch: Equatable, Sendable {
        let startedAt: Timestamp
        let offset: UInt64
    }

    private var stretch: Stretch?
    /// Where the last stretch ended.
    private var end: UInt64 = 0

    package init() {}

    /// Begins, or goes on after a pause.
    package mutating func resume(at moment: Timestamp) {
        guard stretch == nil else { return }
        let group = LeaseLimits.groupMilliseconds
        stretch = Stretch(startedAt: moment, offset: (end + group - 1) / group * group)
    }

    /// Stops at `moment`.
    package mutating func pause(at moment: Timestamp) {
        guard let time = milliseconds(at: moment) else { return }
        // A stretch of no length still used its group.
        end = max(time, (stretch?.offset ?? 0) + 1)
        stretch = nil
    }

    /// Milliseconds since the recording began; nil while it is paused.
    package func milliseconds(at moment: Timestamp) -> UInt64? {
        stretch.map { $0.offset + min(moment.milliseconds(since: $0.startedAt), 1 << 39) }
    }
}
