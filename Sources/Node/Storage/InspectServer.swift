import Crypto
import EventLoop
package import Ledger
package import Primitives
package import RPC
import Wire

/// The read-only RPC over the data of a node that does not run: nothing is proposed, voted, sent or taken in.
package final class InspectServer: Sendable {
    private let loop: EpollLoop
    private let chain: ChainActor
    private let rpc: RPCServer
    private let snapshots: SnapshotShelf?

    /// Opens the store; nothing listens yet.
    ///
    /// - Parameter snapshots: are handed out; stopped with the server.
    package init(
        store: ChainStore, rules: RuleBook, member: MemberID, rpc settings: RPCSettings, version: String,
        snapshots: SnapshotShelf? = nil
    ) throws(NodeError) {
        self.snapshots = snapshots
        do throws(SocketError) {
            loop = try EpollLoop(name: "chain")
        } catch {
            throw .socket(error)
        }
        let chain: ChainActor
        do throws(ChainStoreError) {
            chain = try ChainActor(
                on: loop, rules: rules, store: store, member: member, signer: nil, network: .none, log: .silent)
        } catch {
            throw .store(error)
        }
        self.chain = chain
        let metrics = MetricsRegistry()
        var registry = RPCRegistry(version: version)
        let methods =
            LedgerService(chain: chain).readingMethods + MemberService(chain: chain).methods
            + (snapshots.map { SnapshotService($0).methods } ?? [])
        for method in methods { registry.add(method) }
        registry.add(Self.status(chain))
        let node = RPCNode(
            id: member, chain: rules.chain, standing: { member, key in await chain.standing(of: member, key: key) },
            unreadiness: { "the data of a stopped node is inspected" })
        rpc = RPCServer(
            loop: GLibLoop(name: "http"), settings: settings, registry: registry, node: node, metrics: metrics)
    }

    /// Listens; the port.
    package func start() async throws -> UInt16 { try await rpc.start() }

    package func stop() async {
        await rpc.stop()
        snapshots?.stop()
        await chain.stop()
        loop.stop()
    }

    private static func status(_ chain: ChainActor) -> RPCMethod {
        RPCMethod(
            "node.status", "Where the inspected ledger stands.",
            result: RPCParameter("status", .object, "{role, network, chain, height, time, record, logSize, lowest}")
        ) { _ throws(RPCError) in
            let tip = await chain.currentTip
            return [
                "role": .string("inspected"), "network": .string(chain.rules.genesis.name),
                "chain": .string(chain.rules.chain.hex), "height": .unsigned(tip.record.height.rawValue),
                "time": .unsigned(tip.record.time.rawValue), "record": .string(tip.recordID.digest.hex),
                "logSize": .unsigned(tip.log.size), "lowest": .unsigned(chain.store.floor.rawValue),
            ]
        }
    }
}
