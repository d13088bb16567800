internal import CGLib

/// The few things that every file here needs from GLib's object system.
enum GLib {
    /// Connects `callback` to a signal; `data` is released by `destroy` when the handler goes.
    @unsafe
    @discardableResult
    static func connect(
        _ object: UnsafeMutableRawPointer, _ signal: String, _ callback: @escaping GCallback,
        data: UnsafeMutableRawPointer?, destroy: GClosureNotify? = nil
    ) -> gulong {
        unsafe g_signal_connect_data(object, signal, callback, data, destroy, GConnectFlags(0))
    }

    /// Releases the object that a closure held.
    static let release: GClosureNotify = { data, _ in
        if let data = unsafe data { unsafe Unmanaged<AnyObject>.fromOpaque(data).release() }
    }

    /// A copy of the bytes.
    @unsafe
    static func copy(_ bytes: OpaquePointer) -> [UInt8] {
        var count: gsize = 0
        guard let start = unsafe g_bytes_get_data(bytes, &count) else { return [] }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: Int(count)))
    }

    /// Turns a `GError` into ours and frees it.
    @unsafe
    static func error(_ error: UnsafeMutablePointer<GError>?) -> HTTPError {
        guard let error = unsafe error else { return .broken }
        defer { unsafe g_error_free(error) }
        let domain = unsafe error.pointee.domain
        let code = unsafe error.pointee.code
        if domain == g_resolver_error_quark() { return .cannotConnect }
        if domain == g_tls_error_quark() { return .untrusted }
        guard domain == g_io_error_quark() else { return .broken }
        switch UInt32(bitPattern: code) {
        case G_IO_ERROR_TIMED_OUT.rawValue: return .timedOut
        case G_IO_ERROR_CANCELLED.rawValue: return .closed
        case G_IO_ERROR_CONNECTION_REFUSED.rawValue, G_IO_ERROR_HOST_UNREACHABLE.rawValue,
            G_IO_ERROR_NETWORK_UNREACHABLE.rawValue, G_IO_ERROR_HOST_NOT_FOUND.rawValue:
            return .cannotConnect
        default: return .broken
        }
    }

    /// All header fields.
    @unsafe
    static func headers(_ headers: OpaquePointer?) -> [HTTPHeader] {
        guard let headers = unsafe headers else { return [] }
        var fields: [HTTPHeader] = []
        var iterator = SoupMessageHeadersIter()
        unsafe soup_message_headers_iter_init(&iterator, headers)
        var name: UnsafePointer<CChar>?
        var value: UnsafePointer<CChar>?
        while unsafe soup_message_headers_iter_next(&iterator, &name, &value) != 0 {
            guard let name = unsafe name, let value = unsafe value else { continue }
            unsafe fields.append(HTTPHeader(String(cString: name), String(cString: value)))
        }
        return fields
    }
}
