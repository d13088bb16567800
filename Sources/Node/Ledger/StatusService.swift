import EventLoop
import Ledger
import Links
import Primitives
package import RPC
import Synchronization

/// How the node stands, for people and for metrics.
package final class StatusService: NodeServicing {
    private let node: NodeRuntime
    private let metrics: MetricsRegistry
    private let refresh = Mutex<Task<Void, Never>?>(nil)

    package init(node: NodeRuntime, metrics: MetricsRegistry) {
        self.node = node
        self.metrics = metrics
    }

    package func install(on node: NodeRuntime) async {
        let metrics = metrics
        await node.chain.listen { block in
            for result in block.executed.results {
                metrics.add(to: .transactionsTotal, label: result == .succeeded ? "succeeded" : "failed")
            }
            let age = SystemTime.utc.milliseconds(since: block.record.time)
            metrics.observe(.milliseconds(age), in: .consensusFinalitySeconds)
        }
        // Ended by `stop`.
        let task = Task { [weak self] in
            while !Task.isCancelled, let service = self {
                await service.update()
                try? await Task.sleep(for: .seconds(1))
            }
        }
        refresh.withLock { $0 = task }
    }

    package func stop() async { refresh.withLock { $0?.cancel() } }

    package var methods: [RPCMethod] {
        [
            RPCMethod(
                "node.status", "How this node and its network stand.",
                result: RPCParameter(
                    "status", .object,
                    "{member, role, chain, height, time, view, leader, missing, peers, mempool, dht, stalled}")
            ) { [self] _ throws(RPCError) in await status() }
        ]
    }

    private func status() async -> JSONValue {
        let chain = await node.chain.status
        let links = await node.mesh.statistics
        let dht = await node.dht.status
        let stalled = await node.chain.unreadiness
        return [
            "member": .string(node.member.hex),
            "role": .string(chain.isValidator ? "validator" : "node"),
            "network": .string(node.rules.genesis.name), "chain": .string(chain.chain.hex),
            "height": .unsigned(chain.height.rawValue), "time": .unsigned(chain.recordTime.rawValue),
            "record": .string(chain.record.hex), "logSize": .unsigned(chain.logSize),
            "view": .unsigned(chain.view.rawValue), "leader": chain.leader.map { .string($0.hex) } ?? .null,
            "validators": .unsigned(UInt64(chain.validatorCount)),
            "missing": .list(chain.missing.map { .string($0.hex) }), "muted": .boolean(chain.isMuted),
            "stalled": stalled.map { .string($0) } ?? .null,
            "peers": .list(
                links.map { link in
                    [
                        "member": .string(link.member.hex), "connected": .boolean(link.isConnected),
                        "roundTripMicroseconds": link.roundTrip.map { .unsigned(UInt64($0 / .microseconds(1))) }
                            ?? .null,
                    ]
                }),
            "mempool": [
                "transactions": .unsigned(UInt64(chain.mempoolCount)), "bytes": .unsigned(chain.mempoolByteCount),
            ],
            "dht": [
                "id": .string(dht.nodeID.hex), "nodes": .unsigned(UInt64(dht.knownNodes + 1)),
                "live": .unsigned(UInt64(dht.liveNodes)), "records": .unsigned(UInt64(dht.records)),
            ],
        ]
    }

    private func update() async {
        let chain = await node.chain.status
        metrics.set(.consensusHeight, to: Double(chain.height.rawValue))
        metrics.set(.consensusView, to: Double(chain.view.rawValue))
        metrics.set(.consensusMissingValidators, to: Double(chain.missing.count))
        metrics.set(.mempoolSize, to: Double(chain.mempoolCount))
        metrics.set(.mempoolBytes, to: Double(chain.mempoolByteCount))
        let links = await node.mesh.statistics
        metrics.set(.linksUp, to: Double(links.count { $0.isConnected }))
        metrics.set(.dhtRecords, to: Double(await node.dht.status.records))
        if let bytes = try? node.chain.store.byteCount {
            metrics.set(.storageBytes, to: Double(bytes), label: "ledger")
        }
    }
}
