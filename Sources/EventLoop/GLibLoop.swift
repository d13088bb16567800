internal import CGLib

/// One thread that owns one `GMainContext`, as an executor: an actor that names it as its own shares the thread
/// with the C libraries that call back from that context (libnice, libsoup), so that a callback is already inside
/// the actor and no packet waits for a hop.
///
/// Jobs stand in a queue that a `GSource` of our own drains in batches; a job therefore never runs nested in another
/// one, which `g_main_context_invoke` would do and which breaks isolation. From a C callback use `assumeIsolated`.
///
/// There is no `shutdown` to call too early: an actor holds its loop, a job holds its actor, and the thread ends when
/// the last holder lets go. GLib keeps one context per thread busy with `poll`, so a loop is meant for some tens of
/// sessions; more sessions take more loops.
///
/// `@unchecked Sendable`, because all state lies in `GLibThread`, which says what guards it.
package final class GLibLoop: SerialExecutor, @unchecked Sendable {
    private let thread: GLibThread

    /// Starts the thread.
    ///
    /// - Parameter name: what debuggers and `top` show; the kernel keeps 15 bytes.
    package init(name: String) {
        thread = GLibThread()
        thread.start(name: name, executor: self)
    }

    deinit { thread.stop() }

    package func enqueue(_ job: consuming ExecutorJob) {
        thread.enqueue(UnownedJob(job))
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }

    /// Whether the caller runs on the loop's thread, be it in a job or in a C callback.
    package var isCurrent: Bool { thread.isCurrent }

    package func checkIsolated() {
        precondition(isCurrent, "not on the thread of this GLib loop")
    }

    package func isIsolatingCurrentContext() -> Bool? { isCurrent }

    /// The `GMainContext *`, for the wrappers that hand it to a C library. Valid as long as the loop; a library that
    /// keeps it takes its own reference.
    @unsafe package var context: OpaquePointer { unsafe thread.context }

    /// Runs `body` on the loop's thread after `delay`, once, or for ever with `repeats`.
    ///
    /// `body` is not inside a job: an actor on this loop enters itself by `assumeIsolated`. Resolution is a
    /// millisecond, and a delay is rounded up. The timer stops when it is cancelled or when nobody holds it.
    package func timer(
        after delay: Duration, repeats: Bool = false, _ body: @escaping @Sendable () -> Void
    ) -> GLibTimer {
        unsafe GLibTimer(context: thread.context, delay: delay, repeats: repeats, body: body)
    }
}
