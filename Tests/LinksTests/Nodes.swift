import EventLoop
import Links
import Primitives
import Synchronization
import TLS

/// A node of a test: its mesh, and every event it was told, in order.
final class TestNode: Sendable {
    let mesh: LinkMesh
    let member: MemberID
    let key: PublicKey
    let events: AsyncStream<LinkEvent>
    private let address = Mutex<SocketAddress?>(nil)

    static let chain = ChainID(raw: Bytes32(words: (7, 7, 7, 7)))

    static func member(_ number: UInt8) -> MemberID { MemberID(raw: Bytes32(words: (UInt64(number), 0, 0, 0))) }
    static func tls(_ number: UInt8) throws -> TLSIdentity {
        try TLSIdentity(seed: [UInt8](repeating: number, count: 32).span, protocolName: LinkMesh.protocolName)
    }

    /// Answers every request with its own bytes reversed, unless told not to.
    init(
        _ number: UInt8, on loop: EpollLoop, key keyNumber: UInt8? = nil, chain: ChainID = TestNode.chain,
        versions: [UInt64] = [1], settings: LinkSettings = TestNode.settings(), answers: Bool = true
    ) throws {
        let tls = try Self.tls(keyNumber ?? number)
        member = Self.member(number)
        key = tls.publicKey
        let (events, sink) = AsyncStream<LinkEvent>.makeStream()
        self.events = events
        let own = Mutex<LinkMesh?>(nil)
        let box = Box(own)
        mesh = try LinkMesh(
            identity: .init(chain: chain, member: member, role: .validator, versions: versions, tls: tls),
            settings: settings, on: loop
        ) { event in
            if case .request(let request) = event, answers {
                // On the loop already: no hop.
                box.mesh?.assumeIsolated { _ = $0.respond(to: request, request.bytes.reversed()) }
            }
            sink.yield(event)
        }
        box.set(mesh)
    }

    private final class Box: Sendable {
        private let value: Mutex<LinkMesh?>
        init(_ value: consuming Mutex<LinkMesh?>) { self.value = value }
        var mesh: LinkMesh? { value.withLock { $0 } }
        func set(_ mesh: LinkMesh) { value.withLock { $0 = mesh } }
    }

    static func settings() -> LinkSettings {
        var settings = LinkSettings()
        settings.retryPause = .milliseconds(10)
        settings.retryPauseMax = .milliseconds(100)
        settings.higherMemberDelay = .milliseconds(20)
        return settings
    }

    func start(at address: SocketAddress = .loopback(port: 0)) async throws {
        let real = try await mesh.start(listeningOn: address)
        self.address.withLock { $0 = real }
    }

    var listening: SocketAddress? { address.withLock { $0 } }
    var peer: LinkPeer { LinkPeer(member: member, keys: [key], address: listening) }

    func next<Value>(_ match: (LinkEvent) -> Value?) async -> Value? {
        for await event in events { if let value = match(event) { return value } }
        return nil
    }

    func waitConnected(to other: MemberID) async {
        _ = await next { event in
            if case .connected(other, _, _) = event { true } else { nil }
        }
    }

    func waitDisconnected(from other: MemberID) async -> LinkEnd? {
        await next { event in if case .disconnected(other, let end) = event { end } else { nil } }
    }

    func waitFailure() async -> LinkEnd? {
        await next { event in if case .attemptFailed(_, let end, _) = event { end } else { nil } }
    }

    func waitMessage() async -> [UInt8]? {
        await next { event in if case .message(_, _, let bytes) = event { bytes } else { nil } }
    }
}

/// Starts the nodes and tells each of all.
func connect(_ nodes: [TestNode]) async throws {
    for node in nodes { try await node.start() }
    for node in nodes { try await node.mesh.setPeers(nodes.map(\.peer)) }
    for node in nodes {
        var missing = Set(nodes.map(\.member)).subtracting([node.member])
        while !missing.isEmpty {
            guard case .connected(let member, _, _)? = await node.next({ $0 }) else { continue }
            missing.remove(member)
        }
    }
}
