internal import CLinux
internal import Glibc

/// One TCP connection: bytes in by callback, bytes out through a bounded queue.
///
/// Lives on its loop's thread; every call and every callback is there. It keeps itself alive while it is open, and lets
/// go of its handler when it closes. What is written in one turn of the loop leaves in one system call at its end.
package final class TCPStream: ReadinessHandler, TurnEndHandler {
    /// What the owner is told. After `closed` comes nothing more.
    package enum Event: Sendable {
        /// A dialled connection stands.
        case opened
        case received([UInt8])
        /// The queue fell below its low mark after it had risen above: write on.
        case drained
        /// The other end will send nothing more; it may still read.
        case ended
        /// Over: nil when both ends finished in order. Not sent for one's own `close()`.
        case closed(SocketError?)
    }

    /// What became of a write.
    package enum WriteResult: Equatable, Sendable {
        case queued
        /// Taken, and the queue is above its low mark: wait for `drained` if you can.
        case queuedAboveMark
        /// Not taken: the queue is full.
        case full
        /// Not taken: closed, or finished for writing.
        case closed
    }

    /// Bounds of one connection.
    package struct Limits: Sendable {
        /// Bytes that may wait to be sent; a write beyond is refused.
        package var queuedByteCountMax = 8 << 20
        /// Above this a writer is asked to wait; below it again it is told so.
        package var queuedByteCountMark = 256 << 10
        /// Bytes the kernel may hold that it has not put on the wire; keeps urgent data from queueing there.
        package var unsentByteCountMax: Int32 = 128 << 10
        /// How long a dialled connection may take to stand.
        package var connectTimeout = Duration.seconds(5)
        package init() {}
    }

    private enum Phase { case connecting, open, closed }
    private static let readsPerTurn = 4

    package let limits: Limits
    private let loop: EpollLoop
    private let connection: TCPConnection
    private var handler: ((Event) -> Void)?
    private var phase: Phase
    private var output: [UInt8] = []
    private var outputStart = 0
    private var isAboveMark = false
    private var waitsForWritable = false
    private var flushIsScheduled = false
    private var isPaused = false
    private var hasInputEnded = false
    private var isFinishing = false
    private var isOutputShut = false
    private var connectTimer: TimerID?

    /// Takes over an accepted connection; it is open at once, without an `opened` event.
    package init(
        _ connection: TCPConnection, on loop: EpollLoop, limits: Limits = Limits(),
        handler: @escaping (Event) -> Void
    ) throws(SocketError) {
        self.loop = loop
        self.limits = limits
        self.handler = handler
        self.connection = connection
        phase = .open
        configure()
        try loop.add(connection.socket.number, .readable, self)
    }

    /// Dials. The outcome comes as `opened` or `closed`, never before this returns.
    package init(
        connectingTo address: SocketAddress, on loop: EpollLoop, limits: Limits = Limits(),
        handler: @escaping (Event) -> Void
    ) throws(SocketError) {
        self.loop = loop
        self.limits = limits
        self.handler = handler
        phase = .connecting
        connection = TCPConnection(socket: try Socket.make(.stream, for: address), remoteAddress: address)
        configure()
        let bytes = address.systemBytes()
        let result = unsafe linux_connect(connection.socket.number, bytes, socklen_t(bytes.count))
        guard result == 0 || errno == EINPROGRESS || errno == EINTR else { throw SocketError(code: errno) }
        try loop.add(connection.socket.number, .writable, self)
        connectTimer = loop.schedule(after: limits.connectTimeout) { [weak self] in self?.close(with: .timedOut) }
    }

    package var remoteAddress: SocketAddress { connection.remoteAddress }
    /// Bytes that wait here to be sent.
    package var queuedByteCount: Int { output.count - outputStart }
    package var isOpen: Bool { phase == .open }
    package var isClosed: Bool { phase == .closed }

    /// Queues bytes; while dialling they wait for the connection.
    @discardableResult
    package func write(_ bytes: [UInt8]) -> WriteResult {
        guard phase != .closed, !isFinishing else { return .closed }
        guard queuedByteCount + bytes.count <= limits.queuedByteCountMax else { return .full }
        output.append(contentsOf: bytes)
        scheduleFlush()
        guard queuedByteCount > limits.queuedByteCountMark else { return .queued }
        isAboveMark = true
        return .queuedAboveMark
    }

    /// Stops or resumes reading; while stopped the other end's sending backs up.
    package func setPaused(_ paused: Bool) {
        isPaused = paused
        updateInterest()
    }

    /// Sends what is queued, then says that nothing more comes; reading goes on.
    package func finish() {
        guard phase != .closed, !isFinishing else { return }
        isFinishing = true
        scheduleFlush()
    }

    /// Breaks off at once; what is queued is dropped, and no event follows.
    package func close() {
        handler = nil
        close(with: nil)
    }

    // MARK: Readiness

    package func ready(_ readiness: Readiness) {
        if phase == .connecting {
            if let error = Socket.pendingError(connection.socket.number) { return close(with: error) }
            guard readiness.contains(.writable) else { return }
            if let connectTimer { loop.cancel(connectTimer) }
            phase = .open
            updateInterest()
            scheduleFlush()
            return emit(.opened)
        }
        if readiness.contains(.writable) {
            waitsForWritable = false
            flush()
        }
        // A hang-up cannot be masked, so it is read out even while paused.
        let isHungUp = !readiness.isDisjoint(with: .hungUp)
        if phase == .open, isHungUp || (readiness.contains(.readable) && !isPaused) { readAvailable() }
        if phase == .open, isHungUp, hasInputEnded {
            close(with: Socket.pendingError(connection.socket.number) ?? .reset)
        }
    }

    package func turnEnded() {
        flushIsScheduled = false
        if phase == .open, !waitsForWritable { flush() }
    }

    private func readAvailable() {
        for _ in 0..<Self.readsPerTurn where phase == .open && !hasInputEnded {
            let count = unsafe recv(connection.socket.number, loop.readBuffer.baseAddress, loop.readBuffer.count, 0)
            if count < 0 {
                if errno == EINTR { continue }
                if errno != EAGAIN { close(with: SocketError(code: errno)) }
                return
            }
            guard count > 0 else { return inputEnded() }
            let bytes = unsafe [UInt8](UnsafeRawBufferPointer(rebasing: loop.readBuffer[..<count]))
            emit(.received(bytes))
            if count < EpollLoop.readBufferByteCount || isPaused { return }
        }
    }

    private func inputEnded() {
        hasInputEnded = true
        if isOutputShut { return close(with: nil) }
        updateInterest()
        emit(.ended)
    }

    private func flush() {
        while queuedByteCount > 0 {
            let count = unsafe output.withUnsafeBytes { buffer in
                unsafe send(
                    connection.socket.number, buffer.baseAddress?.advanced(by: outputStart), buffer.count - outputStart,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                guard errno == EAGAIN else { return close(with: SocketError(code: errno)) }
                waitsForWritable = true
                break
            }
            outputStart += count
        }
        compact()
        if isFinishing, queuedByteCount == 0, !isOutputShut {
            isOutputShut = true
            _ = shutdown(connection.socket.number, Int32(SHUT_WR))
            if hasInputEnded { return close(with: nil) }
        }
        updateInterest()
        if isAboveMark, queuedByteCount <= limits.queuedByteCountMark / 2 {
            isAboveMark = false
            emit(.drained)
        }
    }

    private func compact() {
        if outputStart == output.count {
            output.removeAll(keepingCapacity: output.capacity <= limits.queuedByteCountMark * 2)
            outputStart = 0
        } else if outputStart > limits.queuedByteCountMark, outputStart > output.count / 2 {
            output.removeFirst(outputStart)
            outputStart = 0
        }
    }

    // MARK: Steps

    private func configure() {
        loop.checkIsolated()
        Socket.set(connection.socket.number, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        Socket.set(connection.socket.number, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, limits.unsentByteCountMax)
    }

    private func scheduleFlush() {
        guard !flushIsScheduled, phase == .open, !waitsForWritable else { return }
        flushIsScheduled = true
        loop.atTurnEnd(self)
    }

    private func updateInterest() {
        guard phase == .open else { return }
        var interest: Readiness = []
        if !isPaused, !hasInputEnded { interest.insert(.readable) }
        if waitsForWritable { interest.insert(.writable) }
        loop.update(connection.socket.number, interest)
    }

    private func close(with error: SocketError?) {
        guard phase != .closed else { return }
        phase = .closed
        if let connectTimer { loop.cancel(connectTimer) }
        loop.remove(connection.socket.number)
        _ = shutdown(connection.socket.number, Int32(SHUT_RDWR))
        output = []
        outputStart = 0
        let last = handler
        handler = nil
        last?(.closed(error))
    }

    private func emit(_ event: Event) { handler?(event) }
}
