internal import CGLib

/// Counts the bytes of one request's body as they come, since a chunked body announces no length.
///
/// Above the limit the bytes are thrown away, so that the client still reads its 413; a client that sends eight times
/// the limit is cut off.
final class BodyLimit {
    private let max: Int
    private var count = 0

    init(max: Int) { self.max = max }

    @unsafe
    func watch(_ message: OpaquePointer) {
        let onChunk: @convention(c) (OpaquePointer?, OpaquePointer?, gpointer?) -> Void = { message, chunk, data in
            guard let message = unsafe message, let chunk = unsafe chunk, let data = unsafe data else { return }
            let limit = unsafe Unmanaged<BodyLimit>.fromOpaque(data).takeUnretainedValue()
            unsafe limit.add(Int(g_bytes_get_size(chunk)), of: message)
        }
        unsafe GLib.connect(
            UnsafeMutableRawPointer(message), "got-chunk", unsafeBitCast(onChunk, to: GCallback.self),
            data: Unmanaged.passRetained(self).toOpaque(), destroy: GLib.release)
    }

    @unsafe
    private func add(_ byteCount: Int, of message: OpaquePointer) {
        count += byteCount
        guard count > max, let body = unsafe soup_server_message_get_request_body(message) else { return }
        unsafe soup_message_body_set_accumulate(body, 0)
        unsafe soup_message_body_truncate(body)
        if count > Swift.max(8 * max, 1 << 20), let socket = unsafe soup_server_message_get_socket(message) {
            unsafe g_socket_shutdown(socket, 1, 1, nil)
        }
    }
}
