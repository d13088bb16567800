internal import EventLoop
internal import Glibc
internal import HTTP
internal import Primitives

/// Transactions from being handed in at some validators to being seen final at another.
enum LedgerBench {
    private static let runs = 3
    /// How many are signed for each second of a run of which nothing is known yet.
    private static let rateGuess = 3_000

    static func run(for time: Duration, into report: Report) async throws {
        let http = HTTPClient(loop: GLibLoop(name: "bench"))
        let network = try LedgerNetwork(validatorCount: 4)
        try await network.wait(http)
        let maker = TransactionMaker(home: network.homes[0], chain: network.chain)
        let sizes = maker.sizes
        report.fact(
            "ledger.network",
            "4 validators as processes on this machine, the load beside them; fsync on; all signatures checked by all")
        report.fact(
            "ledger.transaction",
            "half call.open, half call.end of it: on average \(sizes.signed / 2) bytes signed, "
                + "\(sizes.all / 2) with key and signature; seen final at a node that did not take it in")
        let load = LedgerLoad(network: network, http: http)
        try await healthy(load, time, report)
        try await disk(load, time, report)
        try await idle(network, report)
        try await oneStopped(network, http, time, report)
        try await quorumBack(network, http, time, report)
    }

    /// One run of one kind: to look at while it runs, or to compare two builds in turn.
    static func one(window: Int, pace: Double?, for time: Duration, into report: Report) async throws {
        let http = HTTPClient(loop: GLibLoop(name: "bench"))
        let network = try LedgerNetwork(validatorCount: 4)
        try await network.wait(http)
        let load = LedgerLoad(network: network, http: http)
        let rate = pace.map { Int(1.2 * $0) } ?? 2 * rateGuess
        let result = try await load.run(
            window: window, for: time, pace: pace, stock: await stock(load, time, rate: rate))
        show("ledger." + (pace.map { "at\(Int($0))" } ?? "window\(window)"), result, report)
    }

    /// The same with other numbers of validators.
    static func growth(for time: Duration, into report: Report) async throws {
        let http = HTTPClient(loop: GLibLoop(name: "bench"))
        for count in [1, 4, 7, 13] {
            let network = try LedgerNetwork(validatorCount: count)
            try await network.wait(http)
            let load = LedgerLoad(network: network, http: http)
            let result = try await load.run(window: 1_000, for: time, stock: await stock(load, time))
            let name = "growth.\(count)"
            report.row(name + ".rate", result.rate, "final transactions/s")
            report.latency(name + ".latency", result.latencies)
            cost(name, result, report)
            Leftovers.shared.clear()
        }
    }

    private static func stock(
        _ load: LedgerLoad, _ time: Duration, rate: Int = rateGuess
    ) async -> [LedgerFlow.Item] {
        await load.stock(Int(time / .seconds(1) + 2) * rate)
    }

    private static func healthy(_ load: LedgerLoad, _ time: Duration, _ report: Report) async throws {
        let unloaded = try await load.run(window: 1, for: time, stock: await stock(load, time, rate: 500))
        report.latency("ledger.unloaded.latency", unloaded.latencies)
        var best = 0.0
        for window in [200, 1_000, 5_000] {
            var results: [LedgerLoad.Result] = []
            for _ in 0..<runs {
                // Half as many again as the best run so far took.
                let rate = max(rateGuess, Int(1.5 * best))
                results.append(
                    try await load.run(window: window, for: time, stock: await stock(load, time, rate: rate)))
                best = max(best, results.last?.rate ?? 0)
            }
            results.sort { $0.rate < $1.rate }
            show("ledger.window\(window)", results[runs / 2], report)
            report.fact(
                "ledger.window\(window).runs",
                results.map { "\(Int($0.rate))" }.joined(separator: " ") + "; median above")
        }
        let paced = try await load.run(
            window: 20_000, for: time, pace: 2_000, stock: await stock(load, time, rate: 2_500))
        show("ledger.at2000", paced, report)
    }

    private static func show(_ name: String, _ result: LedgerLoad.Result, _ report: Report) {
        report.row(name + ".rate", result.rate, "final transactions/s")
        report.latency(name + ".latency", result.latencies)
        cost(name, result, report)
        report.row(name + ".refused", Double(result.refused), "transactions")
        if let fault = result.fault { report.fact(name + ".firstRefusal", fault) }
    }

    private static func cost(_ name: String, _ result: LedgerLoad.Result, _ report: Report) {
        let nodes = result.nodeTime.reduce(.zero, +) / max(1, result.nodeTime.count)
        report.row(name + ".cpu.validator", nodes / .microseconds(1), "µs of a core per transaction, mean")
        report.row(name + ".cpu.load", result.loadTime / .microseconds(1), "µs of a core per transaction")
    }

    private static func disk(_ load: LedgerLoad, _ time: Duration, _ report: Report) async throws {
        let home = load.network.homes[load.watcher]
        let before = home.byteCount
        let result = try await load.run(window: 1_000, for: time, stock: await stock(load, time))
        let count = result.rate * (time / .seconds(1))
        report.row("ledger.disk", Double(home.byteCount - before) / count, "bytes of files per transaction, as it lies")
    }

    private static func idle(_ network: LedgerNetwork, _ report: Report) async throws {
        try await Task.sleep(for: .seconds(2))
        let before = network.homes.map(\.used)
        try await Task.sleep(for: .seconds(20))
        let used = zip(network.homes, before).map { $0.used - $1 }.reduce(.zero, +)
        report.row(
            "ledger.idle", used / .seconds(20) / Double(network.homes.count) * 100, "% of a core per node, over 20 s")
    }

    /// One validator stops in the middle of a run, as if its machine were gone.
    private static func oneStopped(
        _ network: LedgerNetwork, _ http: HTTPClient, _ time: Duration, _ report: Report
    ) async throws {
        let load = LedgerLoad(network: network, http: http, without: [0])
        let whole = try await load.run(window: 1_000, for: time, stock: await stock(load, time))
        let home = network.homes[0]
        let struck = try await load.run(window: 1_000, for: time, stock: await stock(load, time)) {
            home.signal(SIGSTOP)
            return SystemTime.monotonic
        }
        let later = try await load.run(window: 1_000, for: time, stock: await stock(load, time))
        home.signal(SIGCONT)
        report.row("ledger.oneOfFourDead.rate", later.rate, "final transactions/s")
        report.row("ledger.oneOfFourDead.ratio", later.rate / whole.rate * 100, "% of the rate before, same submitters")
        report.row(
            "ledger.oneOfFourDead.gap.first", (struck.gaps.first ?? .zero) / .milliseconds(1),
            "ms, longest without a final transaction in the run in which it stopped")
        report.row(
            "ledger.oneOfFourDead.gap.later", (later.gaps.first ?? .zero) / .milliseconds(1),
            "ms, longest in the run after")
    }

    /// Two of four stop for five seconds, then go on.
    private static func quorumBack(
        _ network: LedgerNetwork, _ http: HTTPClient, _ time: Duration, _ report: Report
    ) async throws {
        try await Task.sleep(for: .seconds(3))
        let load = LedgerLoad(network: network, http: http, without: [0, 1])
        let homes = network.homes[0..<2]
        let result = try await load.run(
            window: 200, for: max(time, .seconds(12)), stock: await stock(load, .seconds(12), rate: 2_000)
        ) {
            for home in homes { home.signal(SIGSTOP) }
            try await Task.sleep(for: .seconds(5))
            for home in homes { home.signal(SIGCONT) }
            return SystemTime.monotonic
        }
        let gap = result.gaps.first ?? .zero
        report.row(
            "ledger.quorumBack", max(.zero, gap - .seconds(5)) / .milliseconds(1),
            "ms from two of four going on after 5 s to the next final transaction, at most")
    }
}

/// This process.
var ownProcess: pid_t { getpid() }
