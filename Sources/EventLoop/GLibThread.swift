internal import CGLib
internal import Synchronization

/// The thread behind a ``GLibLoop``: its context, the queue of jobs, and the source that drains it.
///
/// It holds its loop weakly in effect: a plain pointer, followed only while jobs wait, and a waiting job holds the
/// loop. `@unchecked Sendable`: the queue and the stop mark are guarded by `queue`, the pointers are set before the
/// thread starts and are cleared by nobody.
@safe
final class GLibThread: @unchecked Sendable {
    private struct Queue {
        var jobs: [UnownedJob] = []
        /// The emptied array of the last batch, so that a steady stream of jobs allocates nothing.
        var spare: [UnownedJob] = []
        var isStopping = false
    }

    let context: OpaquePointer
    private let queue = Mutex(Queue())
    private var executor: Unmanaged<GLibLoop>?

    /// The functions of the draining source; GLib keeps the pointer, so they live for ever.
    private nonisolated(unsafe) static let sourceFunctions: UnsafeMutablePointer<GSourceFuncs> = {
        let functions = UnsafeMutablePointer<GSourceFuncs>.allocate(capacity: 1)
        unsafe functions.initialize(to: GSourceFuncs())
        unsafe functions.pointee.prepare = { source, timeout in
            unsafe timeout?.pointee = -1
            return unsafe GLibThread.owner(of: source).hasWork ? 1 : 0
        }
        unsafe functions.pointee.check = { source in unsafe GLibThread.owner(of: source).hasWork ? 1 : 0 }
        unsafe functions.pointee.dispatch = { source, _, _ in
            unsafe GLibThread.owner(of: source).drain()
            return 1
        }
        return unsafe functions
    }()

    init() {
        guard let context = unsafe g_main_context_new() else { preconditionFailure("GLib made no context") }
        unsafe self.context = unsafe context
    }

    deinit { unsafe g_main_context_unref(context) }

    var isCurrent: Bool { unsafe g_main_context_is_owner(context) != 0 }

    private var hasWork: Bool { queue.withLock { !$0.jobs.isEmpty } }

    func start(name: String, executor: GLibLoop) {
        unsafe self.executor = unsafe Unmanaged.passUnretained(executor)
        let body: GThreadFunc = { data in
            guard let data = unsafe data else { return nil }
            let thread = unsafe Unmanaged<GLibThread>.fromOpaque(data).takeRetainedValue()
            thread.run()
            return nil
        }
        let reference = unsafe Unmanaged.passRetained(self).toOpaque()
        // GLib aborts if the system has no thread to give. Nobody joins: the thread ends by itself after `stop`.
        unsafe g_thread_unref(g_thread_new(name, body, reference))
    }

    /// Ends the thread after the current turn. Called when no job can exist any more.
    func stop() {
        queue.withLock { $0.isStopping = true }
        unsafe g_main_context_wakeup(context)
    }

    func enqueue(_ job: UnownedJob) {
        // On its own thread the loop is awake, and looks into the queue before it sleeps.
        let mustWake = !isCurrent
        queue.withLock { queue in
            queue.jobs.append(job)
            // Inside the lock: outside it the job may have run already, and with its actor the last holder be gone.
            if mustWake, queue.jobs.count == 1 { unsafe g_main_context_wakeup(context) }
        }
    }

    private func run() {
        unsafe g_main_context_acquire(context)
        unsafe g_main_context_push_thread_default(context)
        let source = unsafe makeSource()
        while !queue.withLock({ $0.isStopping }) {
            unsafe g_main_context_iteration(context, 1)
        }
        unsafe g_source_destroy(source)
        unsafe g_source_unref(source)
        unsafe g_main_context_pop_thread_default(context)
        unsafe g_main_context_release(context)
    }

    /// A source with a pointer to this object behind GLib's own fields.
    private func makeSource() -> UnsafeMutablePointer<GSource> {
        let size = unsafe MemoryLayout<GSource>.size
        guard
            let source = unsafe g_source_new(Self.sourceFunctions, guint(size + MemoryLayout<UnsafeRawPointer>.size))
        else { preconditionFailure("GLib made no source") }
        let reference = unsafe UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
        unsafe UnsafeMutableRawPointer(source).storeBytes(of: reference, toByteOffset: size, as: UnsafeRawPointer.self)
        unsafe g_source_attach(source, context)
        return unsafe source
    }

    private static func owner(of source: UnsafeMutablePointer<GSource>?) -> GLibThread {
        guard let source = unsafe source else { preconditionFailure("GLib called without a source") }
        let reference = unsafe UnsafeRawPointer(source).load(
            fromByteOffset: MemoryLayout<GSource>.size, as: UnsafeRawPointer.self)
        return unsafe Unmanaged<GLibThread>.fromOpaque(reference).takeUnretainedValue()
    }

    /// Runs the jobs that wait now; what they enqueue waits for the next turn, so that packets get theirs.
    private func drain() {
        var batch = queue.withLock { queue in
            let batch = queue.jobs
            queue.jobs = queue.spare
            queue.spare = []
            return batch
        }
        guard !batch.isEmpty, let executor = unsafe executor?.takeUnretainedValue() else { return }
        for job in batch {
            unsafe job.runSynchronously(on: executor.asUnownedSerialExecutor())
        }
        batch.removeAll(keepingCapacity: true)
        queue.withLock { queue in queue.spare = batch }
    }
}
