import Crypto
import EventLoop
import Ledger
import Links
import Node
import Primitives
import Synchronization
import TLS
import Testing

/// The fourth validator of a network, as far as links can tell: it has the keys and says what it likes.
final class HostileValidator: Sendable {
    let mesh: LinkMesh
    let loop: EpollLoop
    private let seen = Shared()

    /// - Parameter others: linked with beside the network's validators.
    init(_ network: NetworkTests.Running, seat: Int, others: [LinkPeer] = []) async throws {
        let node = network.documents.nodes[seat]
        loop = try EpollLoop(name: "hostile")
        let tls = try node.keys.link.withSeed { try TLSIdentity(seed: $0, protocolName: LinkMesh.protocolName) }
        let seen = seen
        var settings = LinkSettings()
        settings.retryPause = .milliseconds(20)
        mesh = try LinkMesh(
            identity: .init(
                chain: network.documents.chain, member: node.member, role: .validator,
                versions: network.documents.genesis.versions.map(\.version), tls: tls),
            settings: settings, on: loop
        ) { event in
            switch event {
            case .disconnected(_, let end), .attemptFailed(_, let end, _): seen.add(end)
            default: break
            }
        }
        try await mesh.start(listeningOn: nil)
        try await mesh.setPeers(network.linkPeers.filter { $0.member != node.member } + others)
    }

    /// How links and attempts ended so far.
    var endings: [LinkEnd] { seen.all }

    func stop() async {
        await mesh.stop()
        loop.stop()
    }

    private final class Shared: Sendable {
        private let ends = Mutex<[LinkEnd]>([])
        func add(_ end: LinkEnd) { ends.withLock { $0.append(end) } }
        var all: [LinkEnd] { ends.withLock { $0 } }
    }
}

/// Lines of a node's log.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

extension NetworkTests.Running {
    /// The network's validators, as whoever links with them knows them.
    var linkPeers: [LinkPeer] {
        zip(documents.nodes, ports).map { node, port in
            LinkPeer(member: node.member, keys: [node.keys.link.publicKey], address: .loopback(port: port))
        }
    }
}
