internal import CLinux
internal import Glibc

/// A thread for an actor that must block: on fsync, on LevelDB, on a name look-up. The actor names it in
/// `unownedExecutor` and keeps it in a `let`, so that its durable writes are synchronous and in order.
package final class BlockingThreadExecutor: SerialExecutor, Sendable {
    private let queue = JobQueue()
    private let thread: ExecutorThread
    private let wakeUp: FileDescriptor

    /// - Throws: `SocketError.exhausted` when no descriptor is left.
    package init(name: String) throws(SocketError) {
        wakeUp = try FileDescriptor(eventfd(0, linux_blocking_eventfd_flags()))
        thread = ExecutorThread(name: name)
        thread.start { [self] in run() }
    }

    /// Ends the thread when its queue is empty. A job that comes later still runs, on a thread started for it, so
    /// that no task hangs for ever.
    package func stop() {
        if queue.requestStop() { wake() }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        switch queue.append(.job(UnownedJob(job))) {
        case .none: break
        case .wake: wake()
        case .startThread: thread.start { [self] in run() }
        }
    }

    /// True on the executor's thread.
    package var isCurrent: Bool { thread.isCurrent }
    package func checkIsolated() { precondition(isCurrent, "not on the executor's thread") }
    package func isIsolatingCurrentContext() -> Bool? { isCurrent }
    package func asUnownedSerialExecutor() -> UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }

    private func wake() {
        var one: UInt64 = 1
        _ = unsafe write(wakeUp.number, &one, 8)
    }

    private func run() {
        while !queue.endThread() {
            for work in queue.takeAll() { unsafe work.run(on: asUnownedSerialExecutor()) }
            guard queue.prepareToSleep() else { continue }
            var count: UInt64 = 0
            _ = unsafe read(wakeUp.number, &count, 8)
            queue.didWake()
        }
    }
}
