internal import CLinux
internal import Glibc

/// Takes TCP connections on one address. Lives on its loop's thread and calls its handler there, until `close`.
package final class TCPListener: ReadinessHandler {
    private static let acceptsPerTurn = 64
    private static let pauseWhenExhausted = Duration.milliseconds(100)

    private let loop: EpollLoop
    private let socket: FileDescriptor
    private var accept: ((TCPConnection) -> Void)?
    /// Where it really listens: port 0 has become a number.
    package let address: SocketAddress

    /// Listens; each connection is handed to `accept`, which may drop it, and dropping closes it.
    ///
    /// - Throws: `addressInUse`, `addressNotAvailable`, `permissionDenied`, or that the loop stopped.
    package init(
        on loop: EpollLoop, address: SocketAddress, backlog: Int32 = 512,
        accept: @escaping (TCPConnection) -> Void
    ) throws(SocketError) {
        loop.checkIsolated()
        self.loop = loop
        self.accept = accept
        socket = try Socket.make(.stream, for: address)
        Socket.set(socket.number, SOL_SOCKET, SO_REUSEADDR, 1)
        try Socket.bind(socket, to: address)
        guard listen(socket.number, backlog) == 0 else { throw SocketError(code: errno) }
        self.address = try Socket.localAddress(socket.number)
        try loop.add(socket.number, .readable, self)
    }

    /// Stops listening; connections already handed over live on. The port is free when the listener is gone.
    package func close() {
        guard accept != nil else { return }
        accept = nil
        loop.remove(socket.number)
        _ = shutdown(socket.number, Int32(SHUT_RDWR))
    }

    package func ready(_ readiness: Readiness) {
        for _ in 0..<Self.acceptsPerTurn {
            guard let accept else { return }
            var bytes = [UInt8](repeating: 0, count: SocketAddress.systemByteCountMax)
            var length = socklen_t(bytes.count)
            let number = unsafe linux_accept4(socket.number, &bytes, &length, linux_accept_flags())
            guard number >= 0 else {
                if errno == EINTR || errno == ECONNABORTED { continue }
                // Out of descriptors: the backlog waits, and the loop must not spin on it.
                if errno != EAGAIN { pause() }
                return
            }
            guard let descriptor = try? FileDescriptor(number),
                let remote = SocketAddress(systemBytes: bytes.span.extracting(0..<Int(min(length, 28))))
            else { continue }
            accept(TCPConnection(socket: descriptor, remoteAddress: remote))
        }
    }

    private func pause() {
        loop.update(socket.number, [])
        loop.schedule(after: Self.pauseWhenExhausted) { [weak self] in
            guard let self, accept != nil else { return }
            loop.update(socket.number, .readable)
        }
    }
}
