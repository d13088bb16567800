internal import CGLib

/// A timer of a ``GLibLoop``. Whoever wants it to fire holds it.
///
/// `@unchecked Sendable`: the pointer never changes, and GLib locks its sources.
@safe
package final class GLibTimer: @unchecked Sendable {
    private let source: UnsafeMutablePointer<GSource>

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        let repeats: Bool
        init(_ run: @escaping @Sendable () -> Void, repeats: Bool) {
            self.run = run
            self.repeats = repeats
        }
    }

    @unsafe
    init(context: OpaquePointer, delay: Duration, repeats: Bool, body: @escaping @Sendable () -> Void) {
        guard let source = unsafe g_timeout_source_new(Self.milliseconds(delay)) else {
            preconditionFailure("GLib made no timer")
        }
        unsafe self.source = unsafe source
        let fire: GSourceFunc = { data in
            guard let data = unsafe data else { return 0 }
            let body = unsafe Unmanaged<Body>.fromOpaque(data).takeUnretainedValue()
            body.run()
            return body.repeats ? 1 : 0
        }
        let reference = unsafe Unmanaged.passRetained(Body(body, repeats: repeats)).toOpaque()
        unsafe g_source_set_callback(source, fire, reference) { data in
            if let data = unsafe data { unsafe Unmanaged<Body>.fromOpaque(data).release() }
        }
        unsafe g_source_attach(source, context)
    }

    deinit {
        unsafe g_source_destroy(source)
        unsafe g_source_unref(source)
    }

    /// Stops the timer. On the loop's thread the body does not run after this; elsewhere it may be running.
    package func cancel() {
        unsafe g_source_destroy(source)
    }

    /// Whole milliseconds, rounded up; what is out of range counts as the nearest bound.
    private static func milliseconds(_ delay: Duration) -> guint {
        let (seconds, attoseconds) = delay.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 4_000_000 else { return 4_000_000_000 }
        return guint(seconds) * 1000 + guint((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
