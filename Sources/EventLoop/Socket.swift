internal import CLinux
internal import Glibc

/// System calls on sockets, with their errors made ours. Every socket here is non-blocking and closed on `exec`.
enum Socket {
    enum Kind { case stream, datagram }

    static func make(_ kind: Kind, for address: SocketAddress) throws(SocketError) -> FileDescriptor {
        let type = kind == .stream ? linux_SOCK_STREAM() : linux_SOCK_DGRAM()
        let socket = try FileDescriptor(linux_socket(address.family, type, 0))
        // An IPv6 socket serves IPv4 as well, so that `[::]` means every address of the machine.
        if address.isIPv6 { set(socket.number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        return socket
    }

    static func bind(_ socket: borrowing FileDescriptor, to address: SocketAddress) throws(SocketError) {
        let bytes = address.systemBytes()
        guard unsafe linux_bind(socket.number, bytes, socklen_t(bytes.count)) == 0 else {
            throw SocketError(code: errno)
        }
    }

    static func set(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        _ = unsafe setsockopt(socket, level, option, &value, 4)
    }

    /// The error that waits on the socket, if one does.
    static func pendingError(_ socket: Int32) -> SocketError? {
        var code: Int32 = 0
        var length: socklen_t = 4
        guard unsafe getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return .failed }
        return code == 0 ? nil : SocketError(code: code)
    }

    static func localAddress(_ socket: Int32) throws(SocketError) -> SocketAddress {
        var bytes = [UInt8](repeating: 0, count: SocketAddress.systemByteCountMax)
        var length = socklen_t(bytes.count)
        guard unsafe linux_getsockname(socket, &bytes, &length) == 0 else { throw SocketError(code: errno) }
        guard let address = SocketAddress(systemBytes: bytes.span.extracting(0..<Int(length))) else { throw .failed }
        return address
    }
}
