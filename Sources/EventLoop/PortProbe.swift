internal import CLinux
internal import Glibc

/// Looks whether a port can be had, and whether anybody listens at one, without a loop. For tools; blocks.
package enum PortProbe {
    package enum Kind: Sendable {
        case tcp
        case udp
    }

    /// Whether a socket can be bound there now. A port left over by closed connections counts as free.
    package static func isFree(_ address: SocketAddress, _ kind: Kind) -> Bool {
        do throws(SocketError) {
            let socket = try Socket.make(kind == .tcp ? .stream : .datagram, for: address)
            if kind == .tcp { Socket.set(socket.number, SOL_SOCKET, SO_REUSEADDR, 1) }
            try Socket.bind(socket, to: address)
            return true
        } catch {
            return false
        }
    }

    /// Whether a TCP connection is accepted there within `time`.
    package static func isListening(_ address: SocketAddress, within time: Duration = .seconds(2)) -> Bool {
        guard let socket = try? Socket.make(.stream, for: address) else { return false }
        let bytes = address.systemBytes()
        if unsafe linux_connect(socket.number, bytes, socklen_t(bytes.count)) == 0 { return true }
        guard errno == EINPROGRESS else { return false }
        var waiting = pollfd(fd: socket.number, events: Int16(POLLOUT), revents: 0)
        let milliseconds = Int32(clamping: Int64(time / .milliseconds(1)))
        guard unsafe poll(&waiting, 1, milliseconds) == 1 else { return false }
        return Socket.pendingError(socket.number) == nil
    }
}
