internal import CGLib
internal import Glibc

/// A listening socket that nobody can reach: a Unix socket whose name is removed as soon as it is bound.
///
/// libsoup keeps a connection open for a second request only while it has a listener of its own, even for connections
/// that were accepted by somebody else. It gets this one.
enum SilentSocket {
    @unsafe
    static func listen(for server: UnsafeMutablePointer<SoupServer>) throws(HTTPError) {
        guard let directory = unsafe g_dir_make_tmp("sotto-XXXXXX", nil) else { throw .cannotListen }
        defer {
            unsafe rmdir(directory)
            unsafe g_free(directory)
        }
        let path = unsafe String(cString: directory) + "/s"
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < 100,
            let socket = unsafe g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, nil)
        else { throw .cannotListen }
        defer { unsafe g_object_unref(socket) }
        unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: bytes) }
        guard let address = unsafe g_socket_address_new_from_native(&name, gsize(MemoryLayout<sockaddr_un>.size)) else {
            throw .cannotListen
        }
        defer { unsafe g_object_unref(address) }
        guard unsafe g_socket_bind(socket, address, 0, nil) != 0 else { throw .cannotListen }
        defer { unsafe unlink(path) }
        guard unsafe g_socket_listen(socket, nil) != 0,
            unsafe soup_server_listen_socket(server, socket, SoupServerListenOptions(0), nil) != 0
        else { throw .cannotListen }
    }
}
