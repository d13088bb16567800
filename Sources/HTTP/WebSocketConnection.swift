internal import CGLib
internal import EventLoop
package import Primitives

/// One message on a WebSocket.
package enum WebSocketMessage: Equatable, Sendable {
    case text(String)
    case binary([UInt8])

    var byteCount: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .binary(let bytes): bytes.count
        }
    }
}

/// One WebSocket, of either side. It lives until one side closes it.
///
/// Both ways are bounded. libsoup would queue without end for a reader that does not read, so a message is handed over
/// only when the one before has left for the kernel; what waits here is counted, and a full queue refuses.
@safe
package actor WebSocketConnection {
    /// What came in; ends when the connection does. One reader at a time.
    package nonisolated var messages: AsyncStream<WebSocketMessage> { AsyncStream { await self.next() } }
    package nonisolated let address: Redacted<String>
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    private let loop: GLibLoop
    private let soup: OpaquePointer
    private let limits: WebSocketQueueLimits
    private var incoming: [WebSocketMessage] = []
    private var incomingByteCount = 0
    private var reader: CheckedContinuation<WebSocketMessage?, Never>?
    private var outgoing: [WebSocketMessage] = []
    private var outgoingByteCount = 0
    /// Fires when libsoup has handed everything to the kernel and the kernel takes more.
    private var writable: UnsafeMutablePointer<GSource>?
    private var handlers: [gulong] = []
    private var isClosed = false
    private var roomWaiters: [CheckedContinuation<Void, Never>] = []
    private var closeWaiters: [CheckedContinuation<Void, Never>] = []

    /// Takes its own reference of the connection. Called on the loop's thread.
    @unsafe
    init(
        _ soup: OpaquePointer, loop: GLibLoop, address: Redacted<String>, messageMax: Int, limits: WebSocketQueueLimits
    ) {
        unsafe self.soup = unsafe soup
        self.loop = loop
        self.address = address
        self.limits = limits
        unsafe g_object_ref(UnsafeMutableRawPointer(soup))
        unsafe soup_websocket_connection_set_max_incoming_payload_size(soup, guint64(messageMax))
        unsafe soup_websocket_connection_set_keepalive_interval(soup, 20)
        nonisolated(unsafe) let pointer = unsafe soup
        assumeIsolated { unsafe $0.connect(pointer) }
    }

    isolated deinit { unsafe g_object_unref(UnsafeMutableRawPointer(soup)) }

    /// Queues a message.
    /// - Throws: `closed`, or `queueFull` when the reader is too slow; then nothing was taken.
    package func send(_ message: WebSocketMessage) throws(HTTPError) {
        guard isOpen else { throw .closed }
        guard outgoing.count < limits.outgoingCountMax,
            outgoingByteCount + message.byteCount <= limits.outgoingByteCountMax
        else { throw .queueFull }
        outgoing.append(message)
        outgoingByteCount += message.byteCount
        if unsafe writable == nil { drain() }
    }

    /// Waits until the queue is at most half full, or the connection is closed.
    package func waitForRoom() async {
        guard !isClosed, !hasRoom else { return }
        await withCheckedContinuation { roomWaiters.append($0) }
    }

    private var hasRoom: Bool {
        outgoing.count * 2 <= limits.outgoingCountMax && outgoingByteCount * 2 <= limits.outgoingByteCountMax
    }

    private func resumeRoomWaiters() {
        for waiter in roomWaiters { waiter.resume() }
        roomWaiters = []
    }

    /// Says goodbye and waits until the other side has answered or five seconds have passed.
    package func close(code: UInt16 = 1000, reason: String = "") async {
        if isOpen { unsafe soup_websocket_connection_close(soup, code, reason) }
        guard !isClosed else { return }
        await withCheckedContinuation { closeWaiters.append($0) }
    }

    /// The code the other side closed with; 0 while open, 1006 when it went without a word.
    package var closeCode: UInt16 { unsafe soup_websocket_connection_get_close_code(soup) }

    /// Hands the next message to libsoup, and comes back when the way is free again.
    private func drain() {
        guard !outgoing.isEmpty, isOpen else { return }
        let message = outgoing.removeFirst()
        outgoingByteCount -= message.byteCount
        switch message {
        case .text(let text):
            let bytes = unsafe Array(text.utf8).withUnsafeBytes {
                unsafe g_bytes_new($0.baseAddress, gsize($0.count))
            }
            unsafe soup_websocket_connection_send_message(soup, SOUP_WEBSOCKET_DATA_TEXT, bytes)
            unsafe g_bytes_unref(bytes)
        case .binary(let bytes):
            unsafe bytes.withUnsafeBytes {
                unsafe soup_websocket_connection_send_binary(soup, $0.baseAddress, gsize($0.count))
            }
        }
        watchWritable()
    }

    /// Lower in priority than libsoup's own source on the same stream, so it fires only when libsoup has no more to
    /// write and the kernel's buffer has room.
    private func watchWritable() {
        guard unsafe writable == nil else { return }
        let stream = unsafe g_io_stream_get_output_stream(soup_websocket_connection_get_io_stream(soup))
        let pollable = OpaquePointer(stream)
        guard let source = unsafe g_pollable_output_stream_create_source(pollable, nil) else { return }
        let onWritable: @convention(c) (UnsafeMutablePointer<GObject>?, gpointer?) -> gboolean = { _, data in
            guard let data = unsafe data else { return 0 }
            unsafe Unmanaged<WebSocketConnection>.fromOpaque(data).takeUnretainedValue()
                .assumeIsolated { $0.wrote() }
            return 0
        }
        unsafe g_source_set_priority(source, 10)
        unsafe g_source_set_callback(
            source, unsafeBitCast(onWritable, to: GSourceFunc.self), Unmanaged.passRetained(self).toOpaque()
        ) { data in
            if let data = unsafe data { unsafe Unmanaged<WebSocketConnection>.fromOpaque(data).release() }
        }
        unsafe g_source_attach(source, loop.context)
        unsafe writable = unsafe source
    }

    private func wrote() {
        forgetWritable()
        drain()
        if hasRoom { resumeRoomWaiters() }
    }

    private func forgetWritable() {
        guard let source = unsafe writable else { return }
        unsafe writable = nil
        unsafe g_source_destroy(source)
        unsafe g_source_unref(source)
    }

    private var isOpen: Bool {
        unsafe !isClosed && soup_websocket_connection_get_state(soup) == SOUP_WEBSOCKET_STATE_OPEN
    }

    private func received(_ message: WebSocketMessage) {
        guard isOpen else { return }
        if let reader {
            self.reader = nil
            return reader.resume(returning: message)
        }
        guard incoming.count < limits.incomingCountMax,
            incomingByteCount + message.byteCount <= limits.incomingByteCountMax
        else {
            unsafe soup_websocket_connection_close(soup, 1008, "too many messages")
            return
        }
        incoming.append(message)
        incomingByteCount += message.byteCount
    }

    /// The next message; nil when the connection is closed or the reader is cancelled.
    private func next() async -> WebSocketMessage? {
        await withTaskCancellationHandler {
            await self.wait()
        } onCancel: {
            // Ends at once: it only hands the cancellation over.
            Task { await self.giveUp() }
        }
    }

    private func wait() async -> WebSocketMessage? {
        await withCheckedContinuation { continuation in
            // Looks and waits in one step: a message that came in between would never be seen.
            if !incoming.isEmpty {
                let message = incoming.removeFirst()
                incomingByteCount -= message.byteCount
                return continuation.resume(returning: message)
            }
            guard !isClosed, !Task.isCancelled else { return continuation.resume(returning: nil) }
            precondition(reader == nil, "a WebSocket has one reader")
            reader = continuation
        }
    }

    private func giveUp() {
        reader?.resume(returning: nil)
        reader = nil
    }

    private func closed() {
        guard !isClosed else { return }
        isClosed = true
        for handler in handlers { unsafe g_signal_handler_disconnect(UnsafeMutableRawPointer(soup), handler) }
        forgetWritable()
        outgoing = []
        giveUp()
        resumeRoomWaiters()
        for waiter in closeWaiters { waiter.resume() }
        closeWaiters = []
    }

    /// The signal handlers hold this object until the connection is closed.
    private func connect(_ soup: OpaquePointer) {
        let object = unsafe UnsafeMutableRawPointer(soup)
        let onMessage: @convention(c) (OpaquePointer?, gint, OpaquePointer?, gpointer?) -> Void = {
            _, kind, bytes, data in
            guard let bytes = unsafe bytes, let data = unsafe data else { return }
            let content = unsafe GLib.copy(bytes)
            let isText = kind == gint(SOUP_WEBSOCKET_DATA_TEXT.rawValue)
            let message = isText ? WebSocketMessage.text(String(decoding: content, as: UTF8.self)) : .binary(content)
            unsafe Unmanaged<WebSocketConnection>.fromOpaque(data).takeUnretainedValue()
                .assumeIsolated { $0.received(message) }
        }
        let onClosed: @convention(c) (OpaquePointer?, gpointer?) -> Void = { _, data in
            guard let data = unsafe data else { return }
            unsafe Unmanaged<WebSocketConnection>.fromOpaque(data).takeUnretainedValue()
                .assumeIsolated { $0.closed() }
        }
        unsafe handlers.append(
            GLib.connect(
                object, "message", unsafeBitCast(onMessage, to: GCallback.self),
                data: Unmanaged.passRetained(self).toOpaque(), destroy: GLib.release))
        unsafe handlers.append(
            GLib.connect(
                object, "closed", unsafeBitCast(onClosed, to: GCallback.self),
                data: Unmanaged.passRetained(self).toOpaque(), destroy: GLib.release))
    }
}
