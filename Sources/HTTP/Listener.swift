internal import CGLib

/// A listening socket that hands accepted connections to a callback, within the limits of a `ConnectionTable`.
///
/// libsoup could listen by itself, but then nobody could count the connections that have not yet sent a request.
@safe
final class Listener {
    private let service: UnsafeMutablePointer<GSocketService>
    private let certificate: UnsafeMutablePointer<GTlsCertificate>?
    private var handler: gulong = 0
    let port: UInt16
    let table: ConnectionTable

    /// Takes an accepted stream, encrypted if there is a certificate, with both its addresses.
    typealias Accept = (
        UnsafeMutablePointer<GIOStream>, UnsafeMutablePointer<GSocketAddress>?, UnsafeMutablePointer<GSocketAddress>?
    ) -> Void
    private let accept: Accept
    private let idleSeconds: guint

    @unsafe
    init(_ settings: HTTPServerSettings, accept: @escaping Accept) throws(HTTPError) {
        unsafe self.accept = unsafe accept
        table = ConnectionTable(
            totalMax: settings.connectionCountMax, perAddressMax: settings.connectionsPerAddressMax)
        idleSeconds = guint(max(1, settings.idleTimeout.components.seconds))
        guard let inet = unsafe g_inet_address_new_from_string(settings.address) else { throw .cannotListen }
        defer { unsafe g_object_unref(inet) }
        let isLoopback = unsafe g_inet_address_get_is_loopback(inet) != 0
        guard settings.tls != nil || isLoopback else { throw .loopbackOnly }
        if let files = settings.tls {
            var error: UnsafeMutablePointer<GError>?
            unsafe certificate = unsafe g_tls_certificate_new_from_files(files.certificatePath, files.keyPath, &error)
            guard unsafe certificate != nil else {
                unsafe g_clear_error(&error)
                throw .badCertificate
            }
        } else {
            unsafe certificate = nil
        }
        guard let service = unsafe g_socket_service_new() else { throw .cannotListen }
        let base = unsafe UnsafeMutableRawPointer(service).assumingMemoryBound(to: GSocketListener.self)
        unsafe g_socket_listener_set_backlog(base, 128)
        let address = unsafe g_inet_socket_address_new(inet, settings.port)
        defer { unsafe g_object_unref(address) }
        var effective: UnsafeMutablePointer<GSocketAddress>?
        var error: UnsafeMutablePointer<GError>?
        let isBound = unsafe g_socket_listener_add_address(
            base, address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, nil, &effective, &error)
        guard isBound != 0, let effective = unsafe effective else {
            unsafe g_clear_error(&error)
            unsafe g_object_unref(service)
            if let certificate = unsafe certificate { unsafe g_object_unref(certificate) }
            throw .cannotListen
        }
        let inetEffective = unsafe UnsafeMutableRawPointer(effective).assumingMemoryBound(to: GInetSocketAddress.self)
        port = unsafe g_inet_socket_address_get_port(inetEffective)
        unsafe g_object_unref(effective)
        unsafe self.service = unsafe service
    }

    deinit {
        stop()
        unsafe g_object_unref(service)
        if let certificate = unsafe certificate { unsafe g_object_unref(certificate) }
    }

    /// Begins to accept, on the calling thread's default context.
    func start() {
        let onIncoming:
            @convention(c) (
                UnsafeMutablePointer<GSocketService>?, UnsafeMutablePointer<GSocketConnection>?,
                UnsafeMutablePointer<GObject>?, gpointer?
            ) -> gboolean = { _, connection, _, data in
                guard let connection = unsafe connection, let data = unsafe data else { return 0 }
                unsafe Unmanaged<Listener>.fromOpaque(data).takeUnretainedValue().take(connection)
                return 1
            }
        unsafe handler = GLib.connect(
            service, "incoming", unsafeBitCast(onIncoming, to: GCallback.self),
            data: Unmanaged.passUnretained(self).toOpaque())
        unsafe g_socket_service_start(service)
    }

    /// Closes the listening socket; what was accepted stays open.
    func stop() {
        guard handler != 0 else { return }
        unsafe g_signal_handler_disconnect(service, handler)
        handler = 0
        unsafe g_socket_service_stop(service)
        unsafe g_socket_listener_close(UnsafeMutableRawPointer(service).assumingMemoryBound(to: GSocketListener.self))
    }

    private func take(_ connection: UnsafeMutablePointer<GSocketConnection>) {
        let base = unsafe UnsafeMutableRawPointer(connection).assumingMemoryBound(to: GIOStream.self)
        let remote = unsafe g_socket_connection_get_remote_address(connection, nil)
        let local = unsafe g_socket_connection_get_local_address(connection, nil)
        defer {
            if let remote = unsafe remote { unsafe g_object_unref(remote) }
            if let local = unsafe local { unsafe g_object_unref(local) }
        }
        let address = unsafe Self.text(of: remote)
        guard table.open(address) else {
            unsafe g_io_stream_close(base, nil, nil)
            return
        }
        let ticket = unsafe Unmanaged.passRetained(ConnectionTicket(table: table, address: address)).toOpaque()
        let onGone: GWeakNotify = { data, _ in
            if let data = unsafe data { unsafe Unmanaged<ConnectionTicket>.fromOpaque(data).release() }
        }
        unsafe g_object_weak_ref(
            UnsafeMutableRawPointer(connection).assumingMemoryBound(to: GObject.self), onGone, ticket)
        unsafe g_socket_set_timeout(g_socket_connection_get_socket(connection), idleSeconds)
        guard let certificate = unsafe certificate else {
            unsafe accept(base, local, remote)
            return
        }
        guard let encrypted = unsafe g_tls_server_connection_new(base, certificate, nil) else { return }
        unsafe handshake(encrypted, local, remote)
    }

    /// Shakes hands before libsoup sees the stream, so that it only ever gets streams that work. Consumes the stream.
    @unsafe
    private func handshake(
        _ stream: UnsafeMutablePointer<GIOStream>, _ local: UnsafeMutablePointer<GSocketAddress>?,
        _ remote: UnsafeMutablePointer<GSocketAddress>?
    ) {
        let onDone: GAsyncReadyCallback = { source, result, data in
            guard let data = unsafe data, let source = unsafe source else { return }
            let pending = unsafe Unmanaged<Handshake>.fromOpaque(data).takeRetainedValue()
            let connection = unsafe UnsafeMutableRawPointer(source).assumingMemoryBound(to: GTlsConnection.self)
            let stream = unsafe UnsafeMutableRawPointer(source).assumingMemoryBound(to: GIOStream.self)
            if unsafe g_tls_connection_handshake_finish(connection, result, nil) != 0 && !pending.listener.isStopped {
                unsafe pending.listener.accept(stream, pending.local, pending.remote)
            }
            unsafe g_object_unref(source)
        }
        let pending = unsafe Handshake(listener: self, local: local, remote: remote)
        unsafe g_tls_connection_handshake_async(
            UnsafeMutableRawPointer(stream).assumingMemoryBound(to: GTlsConnection.self), G_PRIORITY_DEFAULT, nil,
            onDone, Unmanaged.passRetained(pending).toOpaque())
    }

    private var isStopped: Bool { handler == 0 }

    /// A connection that is not encrypted yet, and whom it connects.
    @safe
    private final class Handshake {
        let listener: Listener
        let local: UnsafeMutablePointer<GSocketAddress>?
        let remote: UnsafeMutablePointer<GSocketAddress>?

        @unsafe
        init(
            listener: Listener, local: UnsafeMutablePointer<GSocketAddress>?,
            remote: UnsafeMutablePointer<GSocketAddress>?
        ) {
            self.listener = listener
            unsafe self.local = unsafe local
            unsafe self.remote = unsafe remote
            if let local = unsafe local { unsafe g_object_ref(local) }
            if let remote = unsafe remote { unsafe g_object_ref(remote) }
        }

        deinit {
            if let local = unsafe local { unsafe g_object_unref(local) }
            if let remote = unsafe remote { unsafe g_object_unref(remote) }
        }
    }

    /// The IP address in text, without the port.
    @unsafe
    static func text(of address: UnsafeMutablePointer<GSocketAddress>?) -> String {
        guard let address = unsafe address, unsafe g_socket_address_get_family(address) != G_SOCKET_FAMILY_UNIX else {
            return ""
        }
        let inet = unsafe g_inet_socket_address_get_address(
            UnsafeMutableRawPointer(address).assumingMemoryBound(to: GInetSocketAddress.self))
        guard let text = unsafe g_inet_address_to_string(inet) else { return "" }
        defer { unsafe g_free(text) }
        return unsafe String(cString: text)
    }
}
