internal import Synchronization

/// What waits for the one thread of an executor, and what that thread is doing. Unbounded: the concurrency runtime
/// offers no way to refuse a job; what makes jobs must be bounded instead.
final class JobQueue: Sendable {
    /// Something to run on the thread.
    enum Work: Sendable {
        /// A part of a task, from the concurrency runtime.
        case job(UnownedJob)
        /// A call from another thread.
        case call(@Sendable () -> Void)
    }

    /// What the one who appended something must do so that it runs.
    enum Duty { case none, wake, startThread }

    private struct State {
        var work: [Work] = []
        var isSleeping = false
        var isStopping = false
        var hasThread = true
    }

    private let state = Mutex(State())

    func append(_ work: Work) -> Duty {
        state.withLock { state in
            state.work.append(work)
            guard state.hasThread else {
                state.hasThread = true
                return .startThread
            }
            guard state.isSleeping else { return .none }
            state.isSleeping = false
            return .wake
        }
    }

    func takeAll() -> [Work] {
        state.withLock { state in
            let work = state.work
            state.work = []
            return work
        }
    }

    /// True when nothing waits; from then on whatever is appended wakes the thread.
    func prepareToSleep() -> Bool {
        state.withLock { state in
            state.isSleeping = state.work.isEmpty && !state.isStopping
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
            guard state.isStopping, state.work.isEmpty else { return false }
            state.hasThread = false
            return true
        }
    }
}

extension JobQueue.Work {
    /// Runs it, on the thread of `executor`.
    func run(on executor: UnownedSerialExecutor) {
        switch self {
        case .job(let job): unsafe job.runSynchronously(on: executor)
        case .call(let body): body()
        }
    }
}
