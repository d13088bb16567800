package import Crypto
package import EventLoop
package import HTTP
import Ledger
import Links
import Primitives
package import RPC

/// A node as an operator runs it: the runtime, its services and the RPC port.
package final class NodeServer: Sendable {
    package let runtime: NodeRuntime
    package let services: [any NodeServicing]
    package let metrics: MetricsRegistry
    private let rpc: RPCServer

    /// Where it really listens.
    package struct Addresses: Sendable {
        package let link: SocketAddress?
        package let dht: SocketAddress
        package let rpcPort: UInt16
    }

    /// - Parameters:
    ///   - services: besides the ledger's own, which every node has.
    ///   - logKey: signs checkpoints of the log; without one `/log/` has none.
    ///   - gateway: answers `/ipfs/…`.
    package init(
        runtime: NodeRuntime, rpc settings: RPCSettings, services: [any NodeServicing] = [], version: String,
        logKey: SigningKey? = nil, gateway: (@Sendable (HTTPRequest) async -> HTTPResponse)? = nil
    ) {
        self.runtime = runtime
        let metrics = MetricsRegistry()
        self.metrics = metrics
        let site = LogSite(store: runtime.chain.store, chain: runtime.rules.chain, key: logKey)
        let all: [any NodeServicing] =
            [
                LedgerService(node: runtime), LogService(site), MemberService(node: runtime),
                StatusService(node: runtime, metrics: metrics, version: version),
            ] + services
        self.services = all
        var registry = RPCRegistry(version: version)
        for service in all {
            for method in service.methods { registry.add(method) }
            for topic in service.topics { registry.add(topic) }
        }
        let chain = runtime.chain
        let node = RPCNode(
            id: runtime.member, chain: runtime.rules.chain,
            standing: { member, key in await chain.standing(of: member, key: key) },
            unreadiness: { await runtime.stallReport?.headline }, gateway: gateway, log: { site.answer($0) })
        rpc = RPCServer(
            loop: GLibLoop(name: "http"), settings: settings, registry: registry, node: node, metrics: metrics)
    }

    /// Installs the services, then listens everywhere.
    package func start() async throws -> Addresses {
        for service in services { await service.install(on: runtime) }
        let (link, dht) = try await runtime.start()
        let port = try await rpc.start()
        return Addresses(link: link, dht: dht, rpcPort: port)
    }

    /// Ends cleanly: no new request, open ones finish, then the node itself.
    package func stop() async {
        await rpc.stop()
        for service in services { await service.stop() }
        await runtime.stop()
    }
}

extension ChainActor {
    /// Whether `key` speaks for `member` now.
    func standing(of member: MemberID, key: PublicKey) -> MemberStanding {
        guard let entry = try? entry(MemberEntry.self, StateKey(.member, member)) else {
            return .unknownMember
        }
        if entry.standing != .active { return .suspended }
        return entry.keys.sign == key ? .active : .key
    }
}
