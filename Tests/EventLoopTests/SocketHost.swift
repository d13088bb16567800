import EventLoop

/// An actor on a loop that owns sockets for a test and hands their events out as a stream.
actor SocketHost {
    enum Event: Sendable {
        case accepted(Int)
        case stream(Int, TCPStream.Event)
        case datagram(from: SocketAddress, [UInt8])
    }

    nonisolated let loop: EpollLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    nonisolated let events: AsyncStream<Event>
    private let sink: AsyncStream<Event>.Continuation
    private var listener: TCPListener?
    private var streams: [TCPStream] = []
    private var sockets: [UDPSocket] = []
    private let limits: TCPStream.Limits

    init(loop: EpollLoop, limits: TCPStream.Limits = .init()) {
        self.loop = loop
        self.limits = limits
        (events, sink) = AsyncStream.makeStream()
    }

    func listen(_ address: SocketAddress = .loopback(port: 0)) throws -> SocketAddress {
        let made = try TCPListener(on: loop, address: address) { [weak self] connection in
            self?.assumeIsolated { host in host.take(connection) }
        }
        listener = made
        return made.address
    }

    func closeListener() {
        listener?.close()
        listener = nil
    }

    private func take(_ connection: TCPConnection) {
        let index = streams.count
        guard let stream = try? TCPStream(connection, on: loop, limits: limits, handler: handler(index)) else { return }
        streams.append(stream)
        sink.yield(.accepted(index))
    }

    func dial(_ address: SocketAddress) throws -> Int {
        let index = streams.count
        streams.append(try TCPStream(connectingTo: address, on: loop, limits: limits, handler: handler(index)))
        return index
    }

    private func handler(_ index: Int) -> (TCPStream.Event) -> Void {
        { [sink] event in _ = sink.yield(.stream(index, event)) }
    }

    func write(_ bytes: [UInt8], to index: Int) -> TCPStream.WriteResult { streams[index].write(bytes) }
    func finish(_ index: Int) { streams[index].finish() }
    func close(_ index: Int) { streams[index].close() }
    func setPaused(_ paused: Bool, _ index: Int) { streams[index].setPaused(paused) }
    func queuedByteCount(_ index: Int) -> Int { streams[index].queuedByteCount }

    func bindUDP(_ address: SocketAddress, limits: UDPSocket.Limits = .init()) throws -> SocketAddress {
        let socket = try UDPSocket(on: loop, address: address, limits: limits) { [sink] sender, bytes in
            sink.yield(.datagram(from: sender, bytes))
        }
        sockets.append(socket)
        return socket.address
    }

    func send(_ datagrams: [[UInt8]], to address: SocketAddress, from index: Int = 0) -> [Bool] {
        datagrams.map { sockets[index].send($0, to: address) }
    }

    func statistics(_ index: Int) -> UDPSocket.Statistics { sockets[index].statistics }

    /// Runs timers of these delays (ms) and returns the order in which they fired; `cancelled` are called off.
    func fireOrder(_ delays: [Int], cancelled: Set<Int>) async -> [Int] {
        let (fired, fire) = AsyncStream<Int>.makeStream()
        var ids: [Int: TimerID] = [:]
        for delay in delays { ids[delay] = loop.schedule(after: .milliseconds(delay)) { fire.yield(delay) } }
        for delay in cancelled { if let id = ids[delay] { loop.cancel(id) } }
        var order: [Int] = []
        for await delay in fired {
            order.append(delay)
            if order.count == delays.count - cancelled.count { break }
        }
        return order
    }
}
