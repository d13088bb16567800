internal import CLinux
internal import Glibc
package import Primitives

/// The two clocks of the machine. Shells read time here and nowhere else; cores get it as input.
package enum SystemTime {
    /// Time since the machine started: for timers and deadlines. Never goes back, does not count suspension.
    package static var monotonic: Duration { .nanoseconds(monotonicNanoseconds) }

    /// Milliseconds UTC. May jump when the operator or NTP sets the clock.
    package static var utc: Timestamp {
        let time = read(CLOCK_REALTIME)
        return Timestamp(UInt64(max(0, time.tv_sec)) * 1_000 + UInt64(time.tv_nsec) / 1_000_000)
    }

    static var monotonicNanoseconds: Int64 {
        let time = read(CLOCK_MONOTONIC)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        guard unsafe clock_gettime(clock, &time) == 0 else { preconditionFailure("the kernel has no clock \(clock)") }
        return time
    }
}

extension Duration {
    /// Whole nanoseconds, rounded up, held within what 64 bits carry.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let limit = Int64.max / 1_000_000_000 - 1
        guard seconds < limit else { return .max }
        guard seconds > -limit else { return .min }
        return seconds * 1_000_000_000 + (attoseconds + 999_999_999) / 1_000_000_000
    }
}
