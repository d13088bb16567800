import EventLoop
import Ledger
import Links
import Primitives
package import RPC
import Synchronization

/// How the node stands, for people and for metrics; and while nothing becomes final, a line in the log that says why.
package final class StatusService: NodeServicing {
    private let node: NodeRuntime
    private let version: String
    private let numbers: NodeMetrics
    private let refresh = Mutex<Task<Void, Never>?>(nil)
    private let voice = Mutex(StallVoice())

    package init(node: NodeRuntime, metrics: MetricsRegistry, version: String) {
        self.node = node
        self.version = version
        numbers = NodeMetrics(node: node, metrics: metrics, version: version)
    }

    package func install(on node: NodeRuntime) async {
        await numbers.install()
        // Ended by `stop`.
        let task = Task { [weak self] in
            while !Task.isCancelled, let service = self {
                await service.numbers.update()
                await service.speak()
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
                    "{member, role, version, chain, height, time, view, leader, missing, peers, mempool, disk, dht, "
                        + "stalled, stall}; stalled is a sentence and stall what it is made of, null while all is well")
            ) { [self] _ throws(RPCError) in await status() }
        ]
    }

    private func status() async -> JSONValue {
        let chain = await node.chain.status
        let health = await node.chain.health
        let links = await node.mesh.statistics
        let dht = await node.dht.status
        let report = await node.stallReport
        return [
            "member": .string(node.member.hex),
            "role": .string(chain.isValidator ? "validator" : "node"), "version": .string(version),
            "network": .string(node.rules.genesis.name), "chain": .string(chain.chain.hex),
            "now": .unsigned(SystemTime.utc.rawValue),
            "height": .unsigned(chain.height.rawValue), "time": .unsigned(chain.recordTime.rawValue),
            "record": .string(chain.record.hex), "logSize": .unsigned(chain.logSize),
            "epoch": .unsigned(health.epoch.rawValue),
            "view": .unsigned(chain.view.rawValue), "leader": chain.leader.map { .string($0.hex) } ?? .null,
            "validators": .unsigned(UInt64(chain.validatorCount)),
            "missing": .list(health.missing.map { .string($0.hex) }), "muted": .boolean(chain.isMuted),
            "signer": chain.signerFault.map { .string($0.sentence) } ?? .null,
            "clockSkewMilliseconds": health.skewMilliseconds.map(Self.json) ?? .null,
            "stalled": report.map { .string($0.headline) } ?? .null, "stall": report.map(Self.json) ?? .null,
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
            "disk": [
                "freeBytes": node.diskSpace.map { .unsigned($0.freeByteCount) } ?? .null,
                "storeBytes": (try? node.chain.store.byteCount).map { .unsigned(UInt64($0)) } ?? .null,
            ],
            "dht": [
                "id": .string(dht.nodeID.hex), "nodes": .unsigned(UInt64(dht.knownNodes + 1)),
                "live": .unsigned(UInt64(dht.liveNodes)), "records": .unsigned(UInt64(dht.records)),
            ],
        ]
    }

    private static func json(_ number: Int64) -> JSONValue {
        number < 0 ? .negative(number) : .unsigned(UInt64(number))
    }

    private static func json(_ report: StallReport) -> JSONValue {
        let stall = report.stall
        func list(_ members: [MemberID]) -> JSONValue { .list(members.map { .string($0.hex) }) }
        let milliseconds = UInt64(max(0, stall.duration / .milliseconds(1)))
        return [
            "sentence": .string(report.headline), "causes": .list(report.causes.map { .string($0) }),
            "why": .string(report.word), "seconds": .unsigned(milliseconds / 1_000),
            "since": .unsigned(SystemTime.utc.rawValue - min(SystemTime.utc.rawValue, milliseconds)),
            "step": .string(stall.step.rawValue), "view": .unsigned(stall.view.rawValue),
            "leader": stall.leader.map { .string($0.hex) } ?? .null, "voters": list(stall.voters),
            "missing": list(stall.missing), "quorum": .unsigned(UInt64(stall.quorum)),
        ]
    }

    /// Says in the log what `status` says, once an interval.
    private func speak() async {
        let report = await node.stallReport
        let word = voice.withLock { $0.hear(stalled: report?.stall.duration, at: SystemTime.monotonic) }
        switch (word, report) {
        case (.stalled, let report?):
            let stall = report.stall
            node.log(
                .warning, "stalled",
                [
                    "view": .counter(stall.view), "awaits": .word(stall.step.rawValue),
                    "have": .count(stall.voters.count), "need": .count(stall.quorum),
                    "missing": .word(stall.missing.map { String($0.hex.prefix(12)) }.joined(separator: ",")),
                    "why": .word(report.word), "seconds": .count(Int(stall.duration / .seconds(1))),
                ])
        case (.resumed(let after), _):
            node.log(.info, "resumed", ["seconds": .count(Int(after / .seconds(1)))])
        case (.stalled, nil), (nil, _): break
        }
    }
}
