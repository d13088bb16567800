internal import CLinux
internal import Glibc

/// What a descriptor is ready for, or what one waits for.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    package static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// Broken or ended in both directions; reported whether or not it is waited for.
    package static let hungUp = Readiness(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
}

/// One who is told when a descriptor is ready; called on the loop's thread.
package protocol ReadinessHandler: AnyObject {
    func ready(_ readiness: Readiness)
}

/// One who has something to do once per turn, after all that was ready has been handled: writes gathered in a turn
/// leave in one system call.
package protocol TurnEndHandler: AnyObject {
    func turnEnded()
}

/// One thread that waits for descriptors, timers and jobs, and is at the same time the executor of the actors that use
/// them. An actor with this executor gets readiness, timers and calls from its neighbours on the loop
/// without a hop between threads.
///
/// A turn: jobs, then turn-end handlers, then `epoll`, then what is ready, then timers. One turn takes the jobs that
/// waited when it began, so jobs that make jobs do not starve sockets. A job runs until it waits for something: an
/// `await` that stays on the loop (a continuation, a neighbour) does not end it. That is why no executor here is also a
/// `TaskExecutor`: the runtime would take a job run as both for a stranger at each such `await`, and put it to the end
/// of the queue. Everything except `enqueue`, `stop` and
/// `isCurrent` is called on the loop's thread only, and checks it.
@safe
package final class EpollLoop: SerialExecutor, @unchecked Sendable {
    private struct Registration {
        let handler: any ReadinessHandler
        let generation: UInt32
        var interest: Readiness
    }

    private static let eventsPerTurn = 256
    private static let turnEndRoundMax = 4
    static let readBufferByteCount = 64 << 10

    private let queue = JobQueue()
    private let thread: ExecutorThread
    private let poll: FileDescriptor
    private let wakeUp: FileDescriptor

    // The rest belongs to the loop's thread: that is what makes the class safe to share.
    private var registrations: [Int32: Registration] = [:]
    private var generation: UInt32 = 0
    private var timers = TimerHeap()
    private var turnEnds: [any TurnEndHandler] = []
    private var hasFineWait = true
    /// Where sockets read into before they hand on a copy of the right size.
    let readBuffer: UnsafeMutableRawBufferPointer

    /// Starts the thread, which lives until `stop`; `name` (15 bytes) shows in `top -H`.
    ///
    /// - Throws: `SocketError.exhausted` when no descriptor is left.
    package init(name: String) throws(SocketError) {
        poll = try FileDescriptor(linux_epoll_create())
        wakeUp = try FileDescriptor(eventfd(0, linux_eventfd_flags()))
        unsafe readBuffer = .allocate(byteCount: Self.readBufferByteCount, alignment: 16)
        thread = ExecutorThread(name: name)
        guard control(EPOLL_CTL_ADD, wakeUp.number, .readable, 0) else { throw SocketError(code: errno) }
        thread.start { [self] in run() }
    }

    deinit { unsafe readBuffer.deallocate() }

    // MARK: Executor

    package func enqueue(_ job: consuming ExecutorJob) { add(.job(UnownedJob(job))) }

    /// Runs `body` on the loop's thread, soon, after what waits already. From any thread, and without a task: a task
    /// that is begun elsewhere first goes through the pool, and a message has better things to do.
    ///
    /// `body` is not inside a job: an actor on this loop enters itself by `assumeIsolated`.
    package func call(_ body: @escaping @Sendable () -> Void) { add(.call(body)) }

    private func add(_ work: JobQueue.Work) {
        switch queue.append(work) {
        case .none: break
        case .wake: wake()
        case .startThread: thread.start { [self] in run() }
        }
    }

    /// True on the loop's thread.
    package var isCurrent: Bool { thread.isCurrent }
    package func checkIsolated() { precondition(isCurrent, "not on the loop's thread") }
    package func isIsolatingCurrentContext() -> Bool? { isCurrent }
    package func asUnownedSerialExecutor() -> UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }

    /// Lets go of every descriptor, timer and handler, and ends the thread when no job waits. A job that comes later
    /// still runs, on a thread started for it, so that no task hangs for ever. May be called from any thread.
    package func stop() {
        if queue.requestStop() { wake() }
    }

    // MARK: Descriptors

    /// Tells `handler` whenever `descriptor` is ready (level-triggered), and holds it until `remove`.
    package func add(
        _ descriptor: Int32, _ interest: Readiness, _ handler: any ReadinessHandler
    ) throws(SocketError) {
        checkIsolated()
        guard !queue.isStopping else { throw .stopped }
        generation &+= 1
        guard control(EPOLL_CTL_ADD, descriptor, interest, generation) else { throw SocketError(code: errno) }
        registrations[descriptor] = Registration(handler: handler, generation: generation, interest: interest)
    }

    /// Waits for something else on a descriptor that was added.
    package func update(_ descriptor: Int32, _ interest: Readiness) {
        checkIsolated()
        guard let registration = registrations[descriptor], registration.interest != interest else { return }
        registrations[descriptor]?.interest = interest
        _ = control(EPOLL_CTL_MOD, descriptor, interest, registration.generation)
    }

    /// Forgets the descriptor; call it before closing. What is ready in this turn already is not reported any more.
    package func remove(_ descriptor: Int32) {
        checkIsolated()
        guard registrations.removeValue(forKey: descriptor) != nil else { return }
        _ = control(EPOLL_CTL_DEL, descriptor, [], 0)
    }

    // MARK: Time

    /// Runs `body` once on the loop after `delay`, to about 0.1 ms; never early.
    @discardableResult
    package func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerID {
        checkIsolated()
        let (deadline, overflow) = SystemTime.monotonicNanoseconds.addingReportingOverflow(max(0, delay.nanoseconds))
        return timers.insert(deadline: overflow ? .max : deadline, body)
    }

    /// Forgets a timer; one that fired or was cancelled before is ignored.
    package func cancel(_ timer: TimerID) {
        checkIsolated()
        timers.cancel(timer)
    }

    /// Calls `handler` once at the end of this turn.
    package func atTurnEnd(_ handler: any TurnEndHandler) {
        checkIsolated()
        turnEnds.append(handler)
    }

    // MARK: Turns

    private func run() {
        var events = unsafe [epoll_event](repeating: epoll_event(), count: Self.eventsPerTurn)
        while true {
            for work in queue.takeAll() { unsafe work.run(on: asUnownedSerialExecutor()) }
            endTurn()
            if queue.isStopping {
                letGo()
                if queue.endThread() { return }
            }
            let readyCount = unsafe wait(&events)
            for index in 0..<readyCount { unsafe dispatch(events[index]) }
            fireTimers()
        }
    }

    private func endTurn() {
        // A handler's work may be the next one's: frames are sealed, then sent. What goes on longer waits a turn.
        for _ in 0..<Self.turnEndRoundMax where !turnEnds.isEmpty {
            let handlers = turnEnds
            turnEnds = []
            for handler in handlers { handler.turnEnded() }
        }
    }

    private func wait(_ events: inout [epoll_event]) -> Int {
        var pause = timespec()
        var isEndless = false
        // A handler may have asked for another turn end, or made a job: then this is a look, not a wait.
        if turnEnds.isEmpty, queue.prepareToSleep() {
            if let deadline = timers.nextDeadline() {
                let left = max(0, deadline - SystemTime.monotonicNanoseconds)
                pause = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
            } else {
                isEndless = true
            }
        }
        let limit = Int32(Self.eventsPerTurn)
        var count: Int32
        if hasFineWait, !isEndless {
            count = unsafe epoll_pwait2(poll.number, &events, limit, &pause, nil)
            // Unknown to kernels before 5.11, and to some containers' filters.
            if count < 0, errno == ENOSYS || errno == EPERM {
                hasFineWait = false
                count = 0
            }
        } else {
            let milliseconds =
                isEndless ? -1 : min(pause.tv_sec * 1_000 + (pause.tv_nsec + 999_999) / 1_000_000, 60_000)
            count = unsafe epoll_wait(poll.number, &events, limit, Int32(milliseconds))
        }
        queue.didWake()
        guard count >= 0 else {
            guard errno == EINTR else { preconditionFailure("epoll gave error \(errno)") }
            return 0
        }
        return Int(count)
    }

    private func dispatch(_ event: epoll_event) {
        let data = unsafe event.data.u64
        let descriptor = Int32(bitPattern: UInt32(truncatingIfNeeded: data))
        if descriptor == wakeUp.number {
            var count: UInt64 = 0
            _ = unsafe read(wakeUp.number, &count, 8)
            return
        }
        // A descriptor closed and opened anew within this turn has another generation.
        guard let registration = registrations[descriptor], registration.generation == UInt32(data >> 32) else {
            return
        }
        registration.handler.ready(Readiness(rawValue: unsafe event.events))
    }

    private func fireTimers() {
        let now = SystemTime.monotonicNanoseconds
        while let body = timers.takeDue(at: now) { body() }
    }

    private func letGo() {
        for descriptor in registrations.keys { _ = control(EPOLL_CTL_DEL, descriptor, [], 0) }
        registrations = [:]
        timers.removeAll()
        turnEnds = []
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ interest: Readiness, _ generation: UInt32) -> Bool {
        var event = unsafe epoll_event()
        unsafe event.events = interest.rawValue
        unsafe event.data.u64 = UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
        return unsafe epoll_ctl(poll.number, operation, descriptor, &event) == 0
    }

    private func wake() {
        var one: UInt64 = 1
        _ = unsafe write(wakeUp.number, &one, 8)
    }
}
