internal import CGLib
package import EventLoop
internal import Primitives

/// An HTTP/1.1 server, with WebSocket at one path, on the thread of a `GLibLoop`.
///
/// A connection carries one request, or becomes a WebSocket; who asks often uses the WebSocket.
/// A request is read whole, within the limits of the settings, before the handler sees it; the handler runs on the
/// shared pool and never holds up the loop. What is over a limit is answered 413, 429, 431 or 503, and the server goes
/// on. A page of another origin is refused, since a browser would otherwise let any page call a node on its machine.
@safe
package actor HTTPServer {
    package typealias Handler = @concurrent @Sendable (HTTPRequest) async -> HTTPResponse
    package typealias WebSocketHandler = @concurrent @Sendable (WebSocketConnection) async -> Void

    @safe
    private struct Exchange {
        let message: OpaquePointer
        var task: Task<Void, Never>?
        var isAborted = false
    }

    private let loop: GLibLoop
    private let settings: HTTPServerSettings
    private let handler: Handler
    private let webSocket: (path: String, handler: WebSocketHandler)?
    private var server: UnsafeMutablePointer<SoupServer>?
    private var listener: Listener?
    private var limiter: RateLimiter<String>
    private var exchanges: [UInt64: Exchange] = [:]
    private var connections: [UInt64: WebSocketConnection] = [:]
    private var lastNumber: UInt64 = 0
    private let clock = ContinuousClock()
    private let origin: ContinuousClock.Instant

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - webSocket: the path at which WebSockets are accepted, and who serves them; the connection is closed when
    ///     the handler returns.
    package init(
        loop: GLibLoop, settings: HTTPServerSettings, webSocket: (path: String, handler: WebSocketHandler)? = nil,
        handler: @escaping Handler
    ) {
        self.loop = loop
        self.settings = settings
        self.handler = handler
        self.webSocket = webSocket
        limiter = RateLimiter(perSecond: settings.requestsPerSecond, burst: settings.requestBurst)
        origin = clock.now
    }

    isolated deinit {
        listener?.stop()
        if let server = unsafe server { unsafe g_object_unref(server) }
    }

    /// How many connections are open.
    package var connectionCount: Int { listener?.table.count ?? 0 }

    /// Listens. Returns the port, which matters when the settings left it open.
    @discardableResult
    package func start() throws(HTTPError) -> UInt16 {
        guard let object = unsafe g_object_new_with_properties(soup_server_get_type(), 0, nil, nil) else {
            throw .cannotListen
        }
        let server = unsafe UnsafeMutableRawPointer(object).assumingMemoryBound(to: SoupServer.self)
        let listener: Listener
        do {
            listener = try unsafe Listener(settings) { stream, local, remote in
                unsafe soup_server_accept_iostream(server, stream, local, remote, nil)
            }
        } catch {
            unsafe g_object_unref(object)
            throw error
        }
        unsafe self.server = unsafe server
        self.listener = listener
        unsafe addHandlers(to: server)
        listener.start()
        return listener.port
    }

    /// Stops accepting, gives open requests up to `grace` to finish, then closes everything.
    package func stop(grace: Duration = .seconds(2)) async {
        listener?.stop()
        for connection in connections.values { await connection.close(code: 1001, reason: "going away") }
        let end = clock.now.advanced(by: grace)
        while !exchanges.isEmpty && clock.now < end { try? await clock.sleep(for: .milliseconds(20)) }
        for exchange in exchanges.values { exchange.task?.cancel() }
        guard let server = unsafe server else { return }
        unsafe soup_server_remove_handler(server, "/")
        unsafe soup_server_disconnect(server)
        unsafe g_object_unref(server)
        unsafe self.server = nil
        listener = nil
    }

    // MARK: Requests

    /// Looks at the header before the body is read. Sets a status to refuse.
    fileprivate func examine(_ message: OpaquePointer) {
        let headers = unsafe GLib.headers(soup_server_message_get_request_headers(message))
        if let refusal = unsafe refusal(of: message, headers) {
            unsafe soup_message_body_set_accumulate(soup_server_message_get_request_body(message), 0)
            unsafe answer(message, refusal)
        }
        unsafe BodyLimit(max: settings.bodyByteCountMax).watch(message)
    }

    private func refusal(of message: OpaquePointer, _ headers: [HTTPHeader]) -> HTTPResponse? {
        let address = unsafe Listener.text(of: soup_server_message_get_remote_address(message))
        if let wait = limiter.take(for: address, now: origin.duration(to: clock.now)) {
            var response = HTTPResponse.text(429, "too many requests")
            response.headers.append(HTTPHeader("Retry-After", "\(max(1, wait.components.seconds + 1))"))
            return response
        }
        let headerByteCount = headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        guard headerByteCount <= settings.headerByteCountMax else { return .text(431, "header too large") }
        if let length = headers.value("Content-Length") {
            guard let count = Int(length), count >= 0 else { return .text(400, "bad length") }
            guard count <= settings.bodyByteCountMax else { return .text(413, "body too large") }
        }
        let policy = OriginPolicy(settings)
        guard policy.admits(host: headers.value("Host")) else { return .text(421, "not served under this name") }
        guard policy.admits(origin: headers.value("Origin"), host: headers.value("Host")) else {
            return .text(403, "not open to pages of other origins")
        }
        return nil
    }

    /// Hands a complete request to the handler and pauses its message meanwhile.
    fileprivate func serve(_ message: OpaquePointer) {
        guard exchanges.count < settings.connectionCountMax else {
            unsafe answer(message, .text(503, "busy"))
            return
        }
        guard let request = unsafe request(message) else {
            unsafe answer(message, .text(413, "body too large"))
            return
        }
        if request.path == webSocket?.path, request.headers.value("Upgrade")?.lowercased() == "websocket" {
            unsafe upgrade(message)
            return
        }
        unsafe g_object_ref(UnsafeMutableRawPointer(message))
        unsafe soup_server_message_pause(message)
        lastNumber += 1
        let number = lastNumber
        unsafe exchanges[number] = Exchange(message: message)
        // Ends when the handler answers; cancelled when the client goes or the server stops.
        let handler = handler
        exchanges[number]?.task = Task {
            let response = await handler(request)
            self.finish(number, response)
        }
    }

    private func finish(_ number: UInt64, _ response: HTTPResponse) {
        guard let exchange = exchanges.removeValue(forKey: number) else { return }
        let message = unsafe exchange.message
        if unsafe server != nil && !exchange.isAborted {
            unsafe answer(message, response)
            unsafe soup_server_message_unpause(message)
        }
        unsafe g_object_unref(UnsafeMutableRawPointer(message))
    }

    /// The client went while its request was worked on.
    fileprivate func abort(_ message: OpaquePointer) {
        for (number, exchange) in exchanges where unsafe exchange.message == message {
            exchanges[number]?.isAborted = true
            exchange.task?.cancel()
        }
    }

    private func request(_ message: OpaquePointer) -> HTTPRequest? {
        let body = unsafe soup_server_message_get_request_body(message)
        guard let body = unsafe body, unsafe soup_message_body_get_accumulate(body) != 0,
            let bytes = unsafe soup_message_body_flatten(body)
        else { return nil }
        defer { unsafe g_bytes_unref(bytes) }
        let uri = unsafe soup_server_message_get_uri(message)
        let query = unsafe g_uri_get_query(uri)
        return unsafe HTTPRequest(
            method: String(cString: soup_server_message_get_method(message)),
            path: String(cString: g_uri_get_path(uri)),
            query: query.map { unsafe String(cString: $0) },
            headers: GLib.headers(soup_server_message_get_request_headers(message)), body: GLib.copy(bytes),
            address: Redacted(Listener.text(of: soup_server_message_get_remote_address(message))))
    }

    private func answer(_ message: OpaquePointer, _ response: HTTPResponse) {
        let headers = unsafe soup_server_message_get_response_headers(message)
        for header in response.headers where header.name.lowercased() != "content-type" {
            unsafe soup_message_headers_replace(headers, header.name, header.value)
        }
        // One request, one connection: libsoup 3.2 never lets go of a kept connection that its client has closed.
        unsafe soup_message_headers_replace(headers, "Connection", "close")
        unsafe soup_server_message_set_status(message, guint(response.status), nil)
        unsafe response.body.withUnsafeBytes { buffer in
            unsafe soup_server_message_set_response(
                message, response.contentType ?? "application/octet-stream", SOUP_MEMORY_COPY,
                buffer.baseAddress?.assumingMemoryBound(to: CChar.self), gsize(buffer.count))
        }
    }

    // MARK: WebSockets

    /// Answers a handshake; when the 101 has left, the connection is ours. libsoup's own handler for a WebSocket path
    /// is not used, since it would leave the path without the checks and handlers that hold for all others.
    private func upgrade(_ message: OpaquePointer) {
        guard unsafe soup_websocket_server_process_handshake(message, nil, nil, nil, nil) != 0 else { return }
        unsafe GLib.connect(
            UnsafeMutableRawPointer(message), "wrote-informational", SoupServerCallbacks.upgraded,
            data: Unmanaged.passUnretained(self).toOpaque())
    }

    fileprivate func accept(_ message: OpaquePointer) {
        guard let webSocket else { return }
        let address = unsafe Listener.text(of: soup_server_message_get_remote_address(message))
        unsafe g_object_ref(UnsafeMutableRawPointer(message))
        defer { unsafe g_object_unref(UnsafeMutableRawPointer(message)) }
        guard let stream = unsafe soup_server_message_steal_connection(message),
            let soup = unsafe soup_websocket_connection_new(
                stream, soup_server_message_get_uri(message), SOUP_WEBSOCKET_CONNECTION_SERVER, nil, nil, nil)
        else { return }
        unsafe g_object_unref(stream)
        nonisolated(unsafe) let pointer = unsafe soup
        let connection = unsafe WebSocketConnection(
            pointer, loop: loop, address: Redacted(address), messageMax: settings.webSocketMessageMax,
            limits: settings.webSocketQueue)
        unsafe g_object_unref(UnsafeMutableRawPointer(soup))
        lastNumber += 1
        let number = lastNumber
        connections[number] = connection
        // Ends when the handler returns, which it does when the connection's messages end.
        Task {
            await webSocket.handler(connection)
            await connection.close()
            self.connections[number] = nil
        }
    }

    private func addHandlers(to server: UnsafeMutablePointer<SoupServer>) {
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe soup_server_add_early_handler(server, nil, SoupServerCallbacks.early, me, nil)
        unsafe soup_server_add_handler(server, nil, SoupServerCallbacks.request, me, nil)
        unsafe GLib.connect(server, "request-aborted", SoupServerCallbacks.aborted, data: me)
    }
}

/// What libsoup calls. All of it runs on the loop's thread, which is the server's executor; the server outlives its
/// `SoupServer`, so the pointer is good.
private enum SoupServerCallbacks {
    static var early: SoupServerCallback {
        { _, message, _, _, data in
            guard let data = unsafe data, let message = unsafe message else { return }
            nonisolated(unsafe) let pointer = unsafe message
            unsafe Unmanaged<HTTPServer>.fromOpaque(data).takeUnretainedValue()
                .assumeIsolated { unsafe $0.examine(pointer) }
        }
    }

    static var request: SoupServerCallback {
        { _, message, _, _, data in
            guard let data = unsafe data, let message = unsafe message else { return }
            nonisolated(unsafe) let pointer = unsafe message
            unsafe Unmanaged<HTTPServer>.fromOpaque(data).takeUnretainedValue()
                .assumeIsolated { unsafe $0.serve(pointer) }
        }
    }

    static var upgraded: GCallback {
        let callback: @convention(c) (OpaquePointer?, gpointer?) -> Void = { message, data in
            guard let data = unsafe data, let message = unsafe message else { return }
            nonisolated(unsafe) let pointer = unsafe message
            unsafe Unmanaged<HTTPServer>.fromOpaque(data).takeUnretainedValue()
                .assumeIsolated { unsafe $0.accept(pointer) }
        }
        return unsafe unsafeBitCast(callback, to: GCallback.self)
    }

    static var aborted: GCallback {
        let callback: @convention(c) (UnsafeMutablePointer<SoupServer>?, OpaquePointer?, gpointer?) -> Void = {
            _, message, data in
            guard let data = unsafe data, let message = unsafe message else { return }
            nonisolated(unsafe) let pointer = unsafe message
            unsafe Unmanaged<HTTPServer>.fromOpaque(data).takeUnretainedValue()
                .assumeIsolated { unsafe $0.abort(pointer) }
        }
        return unsafe unsafeBitCast(callback, to: GCallback.self)
    }
}
