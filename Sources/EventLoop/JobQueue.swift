internal import Synchronization

/// Jobs that wait for the one thread of an executor, and what that thread is doing. Unbounded: the concurrency runtime
/// offers no way to refuse a job; what makes jobs must be bounded instead.
final class JobQueue: Sendable {
    /// What the one who appended a job must do so that it runs.
    enum Duty { case none, wake, startThread }

    private struct State {
        var jobs: [UnownedJob] = []
        var isSleeping = false
        var isStopping = false
        var hasThread = true
    }

    private let state = Mutex(State())

    func append(_ job: UnownedJob) -> Duty {
        state.withLock { state in
            state.jobs.append(job)
            guard state.hasThread else {
                state.hasThread = true
                return .startThread
            }
            guard state.isSleeping else { return .none }
            state.isSleeping = false
            return .wake
        }
    }

    func takeAll() -> [UnownedJob] {
        state.withLock { state in
            let jobs = state.jobs
            state.jobs = []
            return jobs
        }
    }

    /// True when nothing waits; from then on the next job wakes the thread.
    func prepareToSleep() -> Bool {
        state.withLock { state in
            state.isSleeping = state.jobs.isEmpty && !state.isStopping
            return state.isSleeping
        }
    }

    func didWake() { state.withLock { $0.isSleeping = false } }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// True when the thread sleeps and must be woken to see it.
    func requestStop() -> Bool {
        state.withLock { state in
            state.isStopping = true
            defer { state.isSleeping = false }
            return state.isSleeping
        }
    }

    /// True when the thread may end: a stop was asked for and nothing waits.
    func endThread() -> Bool {
        state.withLock { state in
            guard state.isStopping, state.jobs.isEmpty else { return false }
            state.hasThread = false
            return true
        }
    }
}
