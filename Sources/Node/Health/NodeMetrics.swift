import Consensus
import EventLoop
import Ledger
import Links
import Primitives
import RPC

/// Fills the metrics of a node: what is measured as it happens, and what is looked up once a second.
actor NodeMetrics {
    /// The store is asked for its size this often: it looks through the index of its files.
    private static let storagePause = Duration.seconds(10)

    private let node: NodeRuntime
    private let metrics: MetricsRegistry
    private var traffic = LinkTraffic()
    private var storageAt: Duration?

    init(node: NodeRuntime, metrics: MetricsRegistry, version: String) {
        self.node = node
        self.metrics = metrics
        metrics.set(.buildInfo, to: 1, label: version)
        let age = Double(SystemTime.utc.rawValue) / 1_000 - ProcessUsage.age / .seconds(1)
        metrics.set(.processStartTimeSeconds, to: age.rounded())
    }

    /// Hangs itself on the chain; before the node starts.
    func install() async {
        let metrics = metrics
        let previous = PreviousTime()
        await node.chain.measure { measure in
            switch measure {
            case .synced(let time): metrics.observe(time, in: .walFsyncSeconds)
            case .notarized(let time): metrics.observe(time, in: .consensusQuorumNotarizeDelay)
            case .finalized(let time): metrics.observe(time, in: .consensusQuorumFinalizeDelay)
            case .refused(let reason): metrics.add(to: .mempoolRefusedTotal, label: reason)
            }
        }
        await node.chain.listen { block in
            let results = block.executed.results
            let succeeded = results.count { $0 == .succeeded }
            if succeeded > 0 { metrics.add(Double(succeeded), to: .transactionsTotal, label: "succeeded") }
            if succeeded < results.count {
                metrics.add(Double(results.count - succeeded), to: .transactionsTotal, label: "failed")
            }
            let time = block.record.time
            let age = SystemTime.utc.milliseconds(since: time)
            metrics.observe(.milliseconds(age), in: .consensusFinalitySeconds)
            if let before = previous.exchange(time) {
                metrics.observe(.milliseconds(time.milliseconds(since: before)), in: .consensusBlockIntervalSeconds)
            }
            metrics.set(.consensusBlockTransactions, to: Double(results.count))
            metrics.set(.consensusBlockBytes, to: Double(block.block.proposal.body.count))
        }
    }

    /// Looks up what is not told.
    func update() async {
        await updateChain()
        await updateLinks()
        metrics.set(.dhtRecords, to: Double(await node.dht.status.records))
        updateProcess()
        let now = SystemTime.monotonic
        if storageAt.map({ now - $0 > Self.storagePause }) ?? true {
            storageAt = now
            for (table, count) in (try? node.chain.store.byteCounts()) ?? [] {
                metrics.set(.storageBytes, to: Double(count), label: table)
            }
        }
    }

    private func updateChain() async {
        let chain = await node.chain.status
        let health = await node.chain.health
        metrics.set(.consensusHeight, to: Double(chain.height.rawValue))
        metrics.set(.consensusView, to: Double(chain.view.rawValue))
        metrics.set(.consensusEpoch, to: Double(health.epoch.rawValue))
        metrics.set(.consensusValidators, to: Double(chain.validatorCount))
        metrics.set(.consensusMissingValidators, to: Double(health.missing.count))
        metrics.set(.consensusByzantineValidators, to: Double(health.liars.count))
        metrics.replace(
            .consensusValidatorLastVotedView,
            with: health.lastVoted.map { (String($0.member.hex.prefix(12)), Double($0.view.rawValue)) })
        metrics.set(.consensusNullifiedViewsTotal, to: Double(health.statistics.nullifiedViews))
        metrics.set(.consensusRefusedMessagesTotal, to: Double(health.statistics.refusedMessages))
        metrics.set(.consensusStalledSeconds, to: health.stall.map { ($0.duration / .seconds(1)).rounded() } ?? 0)
        metrics.set(.consensusSigning, to: chain.isValidator && !chain.isMuted && chain.signerFault == nil ? 1 : 0)
        metrics.set(.consensusClockSkewSeconds, to: Double(health.skewMilliseconds ?? 0) / 1_000)
        metrics.set(.mempoolSize, to: Double(chain.mempoolCount))
        metrics.set(.mempoolBytes, to: Double(chain.mempoolByteCount))
    }

    private func updateLinks() async {
        let links = await node.mesh.statistics
        metrics.set(.p2pPeers, to: Double(links.count { $0.isConnected }))
        let moved = traffic.take(links)
        metrics.add(Double(moved.received), to: .p2pBytesTotal, label: "received")
        metrics.add(Double(moved.sent), to: .p2pBytesTotal, label: "sent")
        for channel in LinkChannel.allCases {
            let index = Int(channel.rawValue) - 1
            let waiting = links.reduce(0) { sum, link in
                sum + (link.queuedMessageCounts.indices.contains(index) ? link.queuedMessageCounts[index] : 0)
            }
            metrics.set(.p2pQueueDepth, to: Double(waiting), label: "\(channel)")
        }
        for (reason, count) in node.watch.droppedCounts {
            metrics.set(.p2pDroppedPeersTotal, to: Double(count), label: reason)
        }
        metrics.set(.p2pInboxDroppedTotal, to: Double(node.inboxDroppedCount))
    }

    private func updateProcess() {
        let usage = ProcessUsage()
        metrics.set(.processCPUSecondsTotal, to: usage.processorTime / .seconds(1))
        metrics.set(.processResidentMemoryBytes, to: Double(usage.residentByteCount))
        metrics.set(.processOpenFiles, to: Double(usage.openFileCount))
        metrics.set(.processFilesMax, to: Double(usage.openFileCountMax))
        if let space = node.diskSpace { metrics.set(.storageFreeBytes, to: Double(space.freeByteCount)) }
    }
}

/// What went over links between two looks, though a new link begins to count anew.
struct LinkTraffic: Sendable, Equatable {
    private var last: [MemberID: (received: Int, sent: Int)] = [:]

    static func == (left: LinkTraffic, right: LinkTraffic) -> Bool {
        left.last.mapValues { [$0.received, $0.sent] } == right.last.mapValues { [$0.received, $0.sent] }
    }

    mutating func take(_ links: [LinkStatistics]) -> (received: Int, sent: Int) {
        var sum = (received: 0, sent: 0)
        var next: [MemberID: (received: Int, sent: Int)] = [:]
        for link in links {
            let now = (received: link.receivedByteCount, sent: link.sentByteCount)
            let before = last[link.member] ?? (0, 0)
            sum.received += now.received < before.received ? now.received : now.received - before.received
            sum.sent += now.sent < before.sent ? now.sent : now.sent - before.sent
            next[link.member] = now
        }
        last = next
        return sum
    }
}
