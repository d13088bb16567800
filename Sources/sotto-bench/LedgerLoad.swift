internal import Crypto
internal import EventLoop
internal import HTTP
internal import Primitives
internal import RPC

/// Keeps transactions under way in a network: hands them in at some nodes, in batches over one WebSocket each, and
/// watches another node for those that become final.
struct LedgerLoad: Sendable {
    let network: LedgerNetwork
    let http: HTTPClient
    /// Where transactions are handed in.
    let submitters: [Int]
    /// Where they are seen to become final: not one of `submitters`, unless there is only one node.
    let watcher: Int

    struct Result: Sendable {
        /// Became final in the time of the measurement, per second.
        var rate = 0.0
        var latencies = Sample()
        var refused = 0
        var fault: String?
        /// Processor time of each node for each final transaction.
        var nodeTime: [Duration] = []
        /// The same of the load.
        var loadTime = Duration.zero
        /// Times without a final transaction after the moment that was asked for, longest first.
        var gaps: [Duration] = []
    }

    /// - Parameter without: nodes that take no part.
    init(network: LedgerNetwork, http: HTTPClient, without: Set<Int> = []) {
        self.network = network
        self.http = http
        let live = network.homes.indices.filter { !without.contains($0) }
        watcher = live.last ?? 0
        submitters = live.count > 1 ? live.dropLast() : live
    }

    /// Pairs of transactions for `count` in all, signed in advance.
    func stock(_ count: Int) async -> [LedgerFlow.Item] {
        let makers = submitters.map { TransactionMaker(home: network.homes[$0], chain: network.chain) }
        return (0..<(count + 1) / 2).map { makers[$0 % makers.count].make() }
    }

    /// Keeps `window` transactions under way for `time`, after as long as it takes for the first `window` of them.
    ///
    /// - Parameters:
    ///   - pace: transactions per second to hand in; as many as there is room for, if nil.
    ///   - during: called when the measurement begins.
    func run(
        window: Int, for time: Duration, pace: Double? = nil, stock items: [LedgerFlow.Item],
        during: @Sendable @escaping () async throws -> Duration? = { nil }
    ) async throws -> Result {
        let flow = LedgerFlow(window: window, stock: items)
        let watching = try await RPCSocket.open(network.homes[watcher].socketURL, http: http)
        let outcomes = try await watching.subscribe("ledger.outcomes")
        let batch = pace == nil ? max(1, min(128, window / (2 * submitters.count))) : nil
        var result = Result()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await Self.watch(outcomes, flow) }
            for node in submitters {
                let socket = try await RPCSocket.open(network.homes[node].socketURL, http: http)
                let share = pace.map { $0 / Double(submitters.count) }
                group.addTask {
                    await Self.feed(socket, flow, batch: batch, pace: share)
                    await socket.close()
                }
            }
            try await Task.sleep(for: window == 1 ? .milliseconds(300) : .seconds(1))
            let (nodes, load) = (network.homes.map(\.used), ProcessTime.used(by: ownProcess))
            let began = SystemTime.monotonic
            flow.begin()
            let moment = try await during()
            try await Task.sleep(for: max(.zero, time - (SystemTime.monotonic - began)))
            let elapsed = SystemTime.monotonic - began
            let finals = flow.finals
            result.latencies = flow.latencies
            flow.end()
            guard finals > 0 else { throw BenchError("no transaction became final: \(flow.refusals.first ?? "")") }
            result.rate = Double(finals) / (elapsed / .seconds(1))
            result.nodeTime = zip(network.homes, nodes).map { ($0.used - $1) / finals }
            result.loadTime = (ProcessTime.used(by: ownProcess) - load) / finals
            result.gaps = flow.gaps(after: moment ?? began)
            // What is under way still becomes final, so that the next run begins with nothing.
            for _ in 0..<100 where !flow.isIdle { try await Task.sleep(for: .milliseconds(50)) }
            await watching.close()
            group.cancelAll()
        }
        (result.refused, result.fault) = flow.refusals
        return result
    }

    private static func watch(_ outcomes: AsyncStream<RPCSocket.Event>, _ flow: LedgerFlow) async {
        for await event in outcomes {
            guard case .value(let value) = event, let ids = value["ids"]?.string.flatMap({ Hex.decode($0) }) else {
                return
            }
            flow.finalised(
                stride(from: 0, to: ids.count - 31, by: 32).compactMap { TransactionID(ids[$0..<$0 + 32]) })
        }
    }

    private static func feed(_ socket: RPCSocket, _ flow: LedgerFlow, batch: Int?, pace: Double?) async {
        let began = SystemTime.monotonic
        var handedIn = 0
        while true {
            var count = batch ?? 1
            if let pace {
                // What is due by now, in ticks of five milliseconds.
                try? await Task.sleep(for: .milliseconds(5))
                count = min(256, Int((SystemTime.monotonic - began) / .seconds(1) * pace) - handedIn)
                if count <= 0 { continue }
            }
            let items = await flow.take(count)
            guard !items.isEmpty else { return }
            handedIn += items.count
            await submit(items, on: socket, flow)
        }
    }

    private static func submit(_ items: [LedgerFlow.Item], on socket: RPCSocket, _ flow: LedgerFlow) async {
        do throws(RPCClientError) {
            let answer = try await socket.call(
                "ledger.submitMany", ["envelopes": .list(items.map { .string($0.envelope) })])
            for (item, outcome) in zip(items, answer.list ?? []) where outcome["id"] == nil {
                flow.refuse(item, outcome.text)
            }
        } catch {
            for item in items { flow.refuse(item, "\(error)") }
            // A node that is busy or gone is not asked again at once.
            try? await Task.sleep(for: .milliseconds(100))
        }
    }
}
