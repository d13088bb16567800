internal import CLinux
internal import Glibc

/// Sockets between processes of one machine, named by a path.
package enum UnixSocket {
    /// Bytes of a path that the system takes, without the zero at its end.
    package static let pathByteCountMax = 107

    /// Whether a path can name a socket.
    package static func isPath(_ path: String) -> Bool { (1...pathByteCountMax).contains(path.utf8.count) }

    static func make(blocking: Bool) throws(SocketError) -> FileDescriptor {
        let type = linux_SOCK_STREAM()
        return try FileDescriptor(linux_socket(AF_UNIX, blocking ? type & ~Int32(O_NONBLOCK) : type, 0))
    }

    /// The system's form of an address: family, path, zero.
    static func address(_ path: String) throws(SocketError) -> [UInt8] {
        guard isPath(path) else { throw .addressNotAvailable }
        let family = UInt16(AF_UNIX)
        let head = unsafe withUnsafeBytes(of: family) { unsafe Array($0) }
        return head + Array(path.utf8) + [0]
    }

    static func connect(_ socket: borrowing FileDescriptor, to path: String) throws(SocketError) {
        let bytes = try address(path)
        guard unsafe linux_connect(socket.number, bytes, socklen_t(bytes.count)) == 0 else {
            throw errno == ENOENT ? .refused : SocketError(code: errno)
        }
    }

    /// The user under whose account the other end was opened, as the kernel says.
    static func user(of socket: Int32) -> UInt32? {
        // Process, user and group of `struct ucred`.
        var credentials: [UInt32] = [0, 0, 0]
        var length = socklen_t(12)
        guard unsafe getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0, length == 12 else {
            return nil
        }
        return credentials[1]
    }

    /// The user of this process.
    package static var ownUser: UInt32 { geteuid() }
}

/// Takes connections on a path, and says which user each comes from. Lives on its loop's thread.
package final class UnixListener: ReadinessHandler {
    private static let acceptsPerTurn = 16

    package let path: String
    private let loop: EpollLoop
    private let socket: FileDescriptor
    private var accept: ((TCPConnection, UInt32) -> Void)?

    /// Listens; a path that a dead process left behind is taken over.
    ///
    /// - Parameters:
    ///   - isShared: whether other users may connect at all; who they are is for `accept` to judge.
    ///   - accept: gets each connection, to make a `TCPStream` of it or drop it, and its user. The stream is one like
    ///     any other; its remote address means nothing.
    /// - Throws: `addressInUse`, `addressNotAvailable`, `permissionDenied`, or that the loop stopped.
    package init(
        on loop: EpollLoop, path: String, isShared: Bool = false,
        accept: @escaping (TCPConnection, UInt32) -> Void
    ) throws(SocketError) {
        loop.checkIsolated()
        self.loop = loop
        self.path = path
        self.accept = accept
        let address = try UnixSocket.address(path)
        if Self.isAbandoned(path) { unsafe _ = unlink(path) }
        socket = try UnixSocket.make(blocking: false)
        guard unsafe linux_bind(socket.number, address, socklen_t(address.count)) == 0 else {
            throw errno == ENOENT ? .addressNotAvailable : SocketError(code: errno)
        }
        guard unsafe chmod(path, isShared ? 0o666 : 0o600) == 0, listen(socket.number, 16) == 0 else {
            throw SocketError(code: errno)
        }
        try loop.add(socket.number, .readable, self)
    }

    /// Stops listening and removes the path; connections already handed over live on.
    package func close() {
        guard accept != nil else { return }
        accept = nil
        loop.remove(socket.number)
        unsafe _ = unlink(path)
    }

    package func ready(_ readiness: Readiness) {
        for _ in 0..<Self.acceptsPerTurn {
            guard let accept else { return }
            let number = linux_accept4(socket.number, nil, nil, linux_accept_flags())
            guard number >= 0, let descriptor = try? FileDescriptor(number) else { return }
            guard let user = UnixSocket.user(of: number) else { continue }
            accept(TCPConnection(socket: descriptor, remoteAddress: .loopback(port: 0)), user)
        }
    }

    /// A socket at which nobody listens any more.
    private static func isAbandoned(_ path: String) -> Bool {
        guard unsafe access(path, F_OK) == 0, let probe = try? UnixSocket.make(blocking: true) else { return false }
        do throws(SocketError) {
            try UnixSocket.connect(probe, to: path)
            return false
        } catch {
            return error == .refused
        }
    }
}

/// One connection to a path that asks and waits for the answer, on the caller's thread. Messages are a length (u32,
/// big-endian) and as many bytes.
package final class UnixExchange: Sendable {
    private let socket: FileDescriptor

    /// - Parameter timeout: of each send and each wait for bytes, at least a millisecond.
    /// - Throws: `refused` when nobody listens, `permissionDenied`, `addressNotAvailable`, `timedOut`.
    package init(path: String, timeout: Duration) throws(SocketError) {
        socket = try UnixSocket.make(blocking: true)
        let micros = max(1_000, timeout / .microseconds(1))
        var time = timeval(tv_sec: Int(micros) / 1_000_000, tv_usec: Int(micros) % 1_000_000)
        let size = socklen_t(MemoryLayout<timeval>.size)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            guard unsafe setsockopt(socket.number, SOL_SOCKET, option, &time, size) == 0 else { throw .failed }
        }
        try UnixSocket.connect(socket, to: path)
    }

    /// Sends a message and returns the answer. After an error the connection is of no more use.
    ///
    /// - Throws: `timedOut`, `reset`, or `tooLarge` for an answer above `limit` bytes.
    package func ask(_ message: [UInt8], limit: Int) throws(SocketError) -> [UInt8] {
        try send(UnixFrame.encode(message))
        let head = try receive(count: UnixFrame.headByteCount)
        let count = UnixFrame.length(head[...])
        guard count <= limit else { throw .tooLarge }
        return try receive(count: count)
    }

    private func send(_ bytes: [UInt8]) throws(SocketError) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    socket.number, buffer.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw errno == EAGAIN ? .timedOut : SocketError(code: errno) }
            sent += count
        }
    }

    private func receive(count total: Int) throws(SocketError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: total)
        var received = 0
        while received < total {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe recv(socket.number, buffer.baseAddress?.advanced(by: received), total - received, 0)
            }
            if count < 0, errno == EINTR { continue }
            if count == 0 { throw .reset }
            guard count > 0 else { throw errno == EAGAIN ? .timedOut : SocketError(code: errno) }
            received += count
        }
        return bytes
    }
}

/// How messages lie in a stream: a length (u32, big-endian), then as many bytes.
package enum UnixFrame {
    package static let headByteCount = 4

    package static func encode(_ message: [UInt8]) -> [UInt8] {
        stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: message.count >> $0) } + message
    }

    /// The length that the first four bytes name.
    static func length(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.prefix(headByteCount).reduce(0) { $0 << 8 | Int($1) }
    }

    /// Takes the first message out of what has come; nil when it is not whole.
    /// - Throws: `tooLarge` when it would be longer than `limit`.
    package static func take(from bytes: inout [UInt8], limit: Int) throws(SocketError) -> [UInt8]? {
        guard bytes.count >= headByteCount else { return nil }
        let count = length(bytes[...])
        guard count <= limit else { throw .tooLarge }
        guard bytes.count >= headByteCount + count else { return nil }
        let message = Array(bytes[headByteCount..<headByteCount + count])
        bytes.removeFirst(headByteCount + count)
        return message
    }
}
