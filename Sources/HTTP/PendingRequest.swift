internal import CGLib
internal import Synchronization

/// One request on its way: who waits for it, and how it is given up.
///
/// `@unchecked Sendable`: the cancellable is thread-safe, the mutable fields are touched on the loop's thread only, and
/// why it was given up stands under a lock.
@safe
final class PendingRequest<Value: Sendable>: @unchecked Sendable {
    let cancellable: UnsafeMutablePointer<GCancellable>
    private(set) var session: UnsafeMutablePointer<SoupSession>?
    private(set) var message: OpaquePointer?
    /// For a WebSocket: makes the connection in the callback, before its first message can be lost.
    var makeConnection: ((OpaquePointer) -> WebSocketConnection)?
    private var continuation: CheckedContinuation<Result<Value, HTTPError>, Never>?
    private let bodyMax: Int
    private var body: [UInt8] = []
    private let reason = Mutex<HTTPError?>(nil)

    init(bodyMax: Int) {
        unsafe cancellable = unsafe g_cancellable_new()
        self.bodyMax = bodyMax
    }

    deinit { unsafe g_object_unref(cancellable) }

    /// Names what is asked. The caller keeps both alive until the end.
    @unsafe
    func hold(_ session: UnsafeMutablePointer<SoupSession>, _ message: OpaquePointer) {
        unsafe self.session = unsafe session
        unsafe self.message = unsafe message
    }

    func begin(_ continuation: CheckedContinuation<Result<Value, HTTPError>, Never>) {
        self.continuation = continuation
    }

    func end(_ result: Result<Value, HTTPError>) {
        let given = reason.withLock { $0 }
        if case .failure = result, let given {
            continuation?.resume(returning: .failure(given))
        } else {
            continuation?.resume(returning: result)
        }
        continuation = nil
    }

    func expire() { giveUp(.timedOut) }
    func cancel() { giveUp(.closed) }

    private func giveUp(_ error: HTTPError) {
        reason.withLock { if $0 == nil { $0 = error } }
        unsafe g_cancellable_cancel(cancellable)
    }
}

extension PendingRequest<[UInt8]> {
    private static var pieceByteCount: gsize { 64 << 10 }

    /// Reads the body piece by piece and ends with all of it, or with `tooLarge`. Consumes the stream.
    @unsafe
    func readMore(_ stream: UnsafeMutablePointer<GInputStream>) {
        unsafe g_input_stream_read_bytes_async(
            stream, Self.pieceByteCount, G_PRIORITY_DEFAULT, cancellable,
            { source, result, data in
                guard let data = unsafe data, let source = unsafe source else { return }
                let pending = unsafe Unmanaged<PendingRequest<[UInt8]>>.fromOpaque(data).takeRetainedValue()
                let stream = unsafe UnsafeMutableRawPointer(source).assumingMemoryBound(to: GInputStream.self)
                unsafe pending.took(stream, result)
            }, Unmanaged.passRetained(self).toOpaque())
    }

    @unsafe
    private func took(_ stream: UnsafeMutablePointer<GInputStream>, _ result: OpaquePointer?) {
        var error: UnsafeMutablePointer<GError>?
        guard let bytes = unsafe g_input_stream_read_bytes_finish(stream, result, &error) else {
            unsafe g_object_unref(stream)
            end(.failure(unsafe GLib.error(error)))
            return
        }
        let piece = unsafe GLib.copy(bytes)
        unsafe g_bytes_unref(bytes)
        body.append(contentsOf: piece)
        if piece.isEmpty || body.count > bodyMax {
            unsafe g_object_unref(stream)
            end(body.count > bodyMax ? .failure(.tooLarge(limit: bodyMax)) : .success(body))
        } else {
            unsafe readMore(stream)
        }
    }
}
