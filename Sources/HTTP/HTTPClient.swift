internal import CGLib
package import EventLoop
internal import Primitives

/// What a client waits for and takes.
package struct HTTPClientSettings: Equatable, Sendable {
    /// From the start of a request to the last byte of its answer. Default 10 s.
    package var timeout = Duration.seconds(10)
    /// Bytes of an answer's body. Default 4 MiB.
    package var bodyByteCountMax = 4 << 20
    /// A PEM file with the only authorities to trust; nil for those of the system.
    package var authorityPath: String?
    /// Bytes of one WebSocket message. Default 1 MiB.
    package var webSocketMessageMax = 1 << 20
    /// What one WebSocket may have queued each way.
    package var webSocketQueue = WebSocketQueueLimits()
    package init() {}
}

/// Asks HTTP servers, and opens WebSockets to them. No proxy, no redirects, no cookies, no compression: a node is asked
/// directly and answers as it is.
@safe
package actor HTTPClient {
    private let loop: GLibLoop
    private let settings: HTTPClientSettings
    private var session: UnsafeMutablePointer<SoupSession>?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    package init(loop: GLibLoop, settings: HTTPClientSettings = HTTPClientSettings()) {
        self.loop = loop
        self.settings = settings
    }

    isolated deinit {
        guard let session = unsafe session else { return }
        unsafe soup_session_abort(session)
        unsafe g_object_unref(session)
    }

    /// Sends one request and reads the whole answer, whatever its status.
    package func send(
        _ method: String, _ url: String, headers: [HTTPHeader] = [], body: [UInt8] = []
    ) async throws(HTTPError) -> HTTPResponse {
        let session = try unsafe openSession()
        let message = try unsafe message(method, url, schemes: ["http", "https"])
        defer { unsafe g_object_unref(UnsafeMutableRawPointer(message)) }
        let fields = unsafe soup_message_get_request_headers(message)
        for header in headers where header.name.lowercased() != "content-type" {
            unsafe soup_message_headers_append(fields, header.name, header.value)
        }
        if !body.isEmpty {
            let bytes = unsafe body.withUnsafeBytes { unsafe g_bytes_new($0.baseAddress, gsize($0.count)) }
            unsafe soup_message_set_request_body_from_bytes(
                message, headers.value("Content-Type") ?? "application/octet-stream", bytes)
            unsafe g_bytes_unref(bytes)
        }
        let pending = PendingRequest<[UInt8]>(bodyMax: settings.bodyByteCountMax)
        let timer = loop.timer(after: settings.timeout) { pending.expire() }
        defer { timer.cancel() }
        unsafe pending.hold(session, message)
        let content = await withTaskCancellationHandler {
            await self.read(pending)
        } onCancel: {
            pending.cancel()
        }
        return HTTPResponse(
            status: unsafe Int(soup_message_get_status(message).rawValue),
            headers: unsafe GLib.headers(soup_message_get_response_headers(message)), body: try content.get())
    }

    /// Opens a WebSocket at a `ws` or `wss` URL, for a page of `origin` if one is given.
    package func openWebSocket(_ url: String, origin: String? = nil) async throws(HTTPError) -> WebSocketConnection {
        let session = try unsafe openSession()
        let message = try unsafe message("GET", url, schemes: ["ws", "wss", "http", "https"])
        defer { unsafe g_object_unref(UnsafeMutableRawPointer(message)) }
        let pending = PendingRequest<WebSocketConnection>(bodyMax: settings.bodyByteCountMax)
        let (loop, settings) = (loop, settings)
        unsafe pending.makeConnection = { pointer in
            nonisolated(unsafe) let soup = unsafe pointer
            return unsafe WebSocketConnection(
                soup, loop: loop, address: Redacted(""), messageMax: settings.webSocketMessageMax,
                limits: settings.webSocketQueue)
        }
        let timer = loop.timer(after: settings.timeout) { pending.expire() }
        defer { timer.cancel() }
        unsafe pending.hold(session, message)
        let outcome = await withTaskCancellationHandler {
            await self.open(pending, origin: origin)
        } onCancel: {
            pending.cancel()
        }
        return try outcome.get()
    }

    /// A method of its own, so that libsoup is called on the loop's thread: that decides where it calls back.
    private func read(_ pending: PendingRequest<[UInt8]>) async -> Result<[UInt8], HTTPError> {
        await withCheckedContinuation { continuation in
            pending.begin(continuation)
            unsafe soup_session_send_async(
                pending.session, pending.message, G_PRIORITY_DEFAULT, pending.cancellable, Self.onSent,
                Unmanaged.passRetained(pending).toOpaque())
        }
    }

    private func open(
        _ pending: PendingRequest<WebSocketConnection>, origin: String?
    ) async -> Result<WebSocketConnection, HTTPError> {
        await withCheckedContinuation { continuation in
            pending.begin(continuation)
            unsafe soup_session_websocket_connect_async(
                pending.session, pending.message, origin, nil, G_PRIORITY_DEFAULT, pending.cancellable, Self.onOpen,
                Unmanaged.passRetained(pending).toOpaque())
        }
    }

    @unsafe
    private func openSession() throws(HTTPError) -> UnsafeMutablePointer<SoupSession> {
        if let session = unsafe session { return unsafe session }
        guard let session = unsafe soup_session_new() else { throw .cannotConnect }
        unsafe soup_session_set_proxy_resolver(session, nil)
        unsafe soup_session_remove_feature_by_type(session, soup_content_decoder_get_type())
        if let path = settings.authorityPath {
            guard let database = unsafe g_tls_file_database_new(path, nil) else {
                unsafe g_object_unref(session)
                throw .badCertificate
            }
            unsafe soup_session_set_tls_database(
                session, UnsafeMutableRawPointer(database).assumingMemoryBound(to: GTlsDatabase.self))
            unsafe g_object_unref(UnsafeMutableRawPointer(database))
        }
        unsafe self.session = unsafe session
        return unsafe session
    }

    @unsafe
    private func message(_ method: String, _ url: String, schemes: [String]) throws(HTTPError) -> OpaquePointer {
        let scheme = url.prefix { $0 != ":" }.lowercased()
        guard schemes.contains(scheme), url.utf8.count <= 4096,
            let uri = unsafe g_uri_parse(url, Self.uriFlags, nil)
        else { throw .badURL }
        defer { unsafe g_uri_unref(uri) }
        guard let host = unsafe g_uri_get_host(uri), unsafe host.pointee != 0,
            let message = unsafe soup_message_new_from_uri(method, uri)
        else { throw .badURL }
        unsafe soup_message_set_flags(message, SOUP_MESSAGE_NO_REDIRECT)
        return unsafe message
    }

    /// What libsoup expects of a URI (its SOUP_HTTP_URI_FLAGS).
    private static var uriFlags: GUriFlags {
        let flags = [
            G_URI_FLAGS_HAS_PASSWORD, G_URI_FLAGS_ENCODED_PATH, G_URI_FLAGS_ENCODED_QUERY,
            G_URI_FLAGS_ENCODED_FRAGMENT, G_URI_FLAGS_SCHEME_NORMALIZE,
        ]
        return GUriFlags(flags.reduce(0) { $0 | $1.rawValue })
    }

    private static var onSent: GAsyncReadyCallback {
        { source, result, data in
            guard let data = unsafe data, let source = unsafe source else { return }
            let pending = unsafe Unmanaged<PendingRequest<[UInt8]>>.fromOpaque(data).takeRetainedValue()
            var error: UnsafeMutablePointer<GError>?
            let session = unsafe UnsafeMutableRawPointer(source).assumingMemoryBound(to: SoupSession.self)
            guard let stream = unsafe soup_session_send_finish(session, result, &error) else {
                pending.end(.failure(unsafe GLib.error(error)))
                return
            }
            unsafe pending.readMore(stream)
        }
    }

    private static var onOpen: GAsyncReadyCallback {
        { source, result, data in
            guard let data = unsafe data, let source = unsafe source else { return }
            let pending = unsafe Unmanaged<PendingRequest<WebSocketConnection>>.fromOpaque(data).takeRetainedValue()
            var error: UnsafeMutablePointer<GError>?
            let session = unsafe UnsafeMutableRawPointer(source).assumingMemoryBound(to: SoupSession.self)
            guard let soup = unsafe soup_session_websocket_connect_finish(session, result, &error) else {
                pending.end(.failure(unsafe GLib.error(error)))
                return
            }
            if let make = unsafe pending.makeConnection { pending.end(.success(unsafe make(soup))) }
            unsafe g_object_unref(UnsafeMutableRawPointer(soup))
        }
    }
}
