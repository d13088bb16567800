import EventLoop
import Links
import Primitives
import TLS
import Wire

/// A node that speaks TLS and frames by hand, to say what no mesh would.
actor RawPeer {
    nonisolated let loop: EpollLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    nonisolated let frames: AsyncStream<FrameAssembler.Message>
    private let sink: AsyncStream<FrameAssembler.Message>.Continuation
    private let session: TLSSession
    private let hello: [UInt8]?
    private var stream: TCPStream?
    private var assembler = FrameAssembler(settings: LinkSettings())
    private var waiting: [UInt8] = []

    /// Dials as member `number`; `hello` replaces the right one, nil sends none.
    init(_ number: UInt8, on loop: EpollLoop, hello: [UInt8]?) throws {
        self.loop = loop
        self.hello = hello
        session = try TLSSession(.client, identity: try TestNode.tls(number))
        (frames, sink) = AsyncStream.makeStream()
    }

    static func hello(_ number: UInt8) -> [UInt8] {
        LinkHello(
            role: .validator, chain: TestNode.chain, member: TestNode.member(number),
            instance: [UInt8](repeating: number, count: 8), versions: [1]
        ).encoded
    }

    static func frame(lane: Int, kind: LinkFrame.Kind = .message, _ payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        LinkFrame(payloadByteCount: payload.count, lane: lane, kind: kind, hasMore: false).append(to: &bytes)
        return bytes + payload
    }

    func dial(_ address: SocketAddress) throws {
        stream = try TCPStream(connectingTo: address, on: loop) { [weak self] event in
            self?.assumeIsolated { $0.receive(event) }
        }
    }

    /// Sends bytes inside TLS, as soon as it stands.
    func say(_ bytes: [UInt8]) {
        waiting += bytes
        flush()
    }

    func setPaused(_ paused: Bool) { stream?.setPaused(paused) }

    private func receive(_ event: TCPStream.Event) {
        switch event {
        case .opened: shakeHands()
        case .received(let bytes):
            try? session.receive(bytes)
            if !session.isEstablished { shakeHands() }
            guard session.isEstablished else { return }
            try? session.read(into: &assembler.input)
            while let message = try? assembler.next() { sink.yield(message) }
        case .drained: break
        case .ended, .closed: sink.finish()
        }
    }

    private func shakeHands() {
        guard (try? session.handshake()) == true else { return send() }
        if let hello { waiting = Self.frame(lane: 0, hello) + waiting }
        flush()
    }

    private func flush() {
        guard session.isEstablished else { return }
        try? session.write(waiting)
        waiting = []
        send()
    }

    private func send() {
        let bytes = session.drain()
        if !bytes.isEmpty { stream?.write(bytes) }
    }

    /// The reason of the other end's bye, or nil when it just went.
    nonisolated func waitBye() async -> LinkRefusal? {
        for await frame in frames where frame.lane == 0 && frame.kind == .refusal {
            return frame.bytes.first.flatMap(LinkRefusal.init)
        }
        return nil
    }
}
