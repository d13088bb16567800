import Primitives

/// Which timers run, and how long Δ is now. A timer is started at most once per view.
struct Pacer: Sendable, Equatable {
    private let pace: Pace
    /// Consecutive views that this validator gave up because a timer ran out.
    private var expiredViews = 0
    private var hasExpired = false
    private var running: Set<Engine.Timer> = []
    private var spent: Set<Engine.Timer> = []

    init(pace: Pace) { self.pace = pace }

    /// Δ of now.
    var delta: Duration {
        var delta = pace.delta
        for _ in 0..<expiredViews where delta < pace.deltaMax { delta = delta * 2 }
        return min(delta, pace.deltaMax)
    }

    var heartbeat: Duration { pace.heartbeat }

    /// Starts a timer that has not run in this view.
    mutating func ensure(_ timer: Engine.Timer, after duration: Duration) -> [Engine.Action] {
        guard !running.contains(timer), !spent.contains(timer) else { return [] }
        running.insert(timer)
        return [.startTimer(timer, after: duration)]
    }

    /// Starts a timer whether or not it has run before.
    mutating func restart(_ timer: Engine.Timer, after duration: Duration) -> [Engine.Action] {
        spent.remove(timer)
        return ensure(timer, after: duration)
    }

    mutating func cancel(_ timer: Engine.Timer) -> [Engine.Action] {
        running.remove(timer) == nil ? [] : [.cancelTimer(timer)]
    }

    /// False for a timer that does not run: a stale one.
    mutating func fired(_ timer: Engine.Timer) -> Bool {
        guard running.remove(timer) != nil else { return false }
        spent.insert(timer)
        return true
    }

    func isSpent(_ timer: Engine.Timer) -> Bool { spent.contains(timer) }
    func isRunning(_ timer: Engine.Timer) -> Bool { running.contains(timer) }

    /// A timer made this validator give up the view.
    mutating func expired() { hasExpired = true }

    /// Cancels the timers of the view left and counts it if it expired.
    mutating func left(_ view: View) -> [Engine.Action] {
        if hasExpired { expiredViews = min(expiredViews + 1, 32) }
        hasExpired = false
        let timers: [Engine.Timer] = [.leader(view), .view(view), .retry(view), .propose(view), .heartbeat(view)]
        for timer in timers { spent.remove(timer) }
        return timers.flatMap { cancel($0) }
    }

    /// A block was finalised: the network moves.
    mutating func progressed() { expiredViews = 0 }
}
