internal import EventLoop
internal import Glibc

private let usage = """
    Measures this machine and the programs on it: name, value, unit. What is printed was measured in this run.

    usage: sotto-bench [ledger|growth|store|etcd|dht|call|framelog|crypto|all] [--seconds N] [--json]
                       [--transactions N] [--window N [--pace N]]

      ledger       four validators as processes of the sotto program that lies next to this one, fsync on; signed
                   transactions in batches over RPC WebSockets, until another node sees them final, with 1, 200, 1000
                   and 5000 under way (three runs each, the median is shown) and at 2000 per second; processor time
                   and disk for each; idle; one of four stopped; two of four stopped and back
      growth       the same with 1, 4, 7 and 13 validators and 1000 under way
      store        one node's store, filled through the executor without a network: time, disk and memory as it grows
      etcd         a yardstick, if Debian's etcd-server and etcd-client are installed: three servers, a minute of
                   etcd's own load generator; after ledger in one run, also how the two compare
      dht          twenty DHT nodes on loopback in this process, one put or get under way
      call         two phones at two of four validators in this process: from looking the number up and from the
                   invite to the first decrypted frame
      framelog     one core: frames are encrypted, hashed, proven, gathered into segments and cut into content blocks
      crypto       one core: what the libraries do, as the machine's own limit
      all          all of them (default)
      --seconds N  how long each measurement takes, 1 to 600 (default 5)
      --transactions N  how many the store is filled with, 1000 to 100000000 (default 20000)
      --window N   of ledger only this: one run with N transactions under way, 1 to 20000
      --pace N     with --window: N handed in each second, 1 to 20000, instead of as many as there is room for
      --json       one JSON object per line on standard output
      --help       this text

    exit status: 0 everything was measured, 1 something failed, 2 the arguments are wrong, 130 interrupted

    example: sotto-bench ledger --seconds 10
    """

/// What the command line asks for.
private struct Request {
    var sections: [Section] = []
    var seconds: Int64 = 5
    var transactions = 20_000
    var window: Int?
    var pace: Double?
    var isJSON = false

    /// Nil when an argument is unknown or out of range.
    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "--json": isJSON = true
            case "--seconds":
                guard let value = rest.popFirst().flatMap({ Int64($0) }), (1...600).contains(value) else { return nil }
                seconds = value
            case "--transactions":
                guard let value = rest.popFirst().flatMap({ Int($0) }), (1_000...100_000_000).contains(value) else {
                    return nil
                }
                transactions = value
            case "--window":
                guard let value = rest.popFirst().flatMap({ Int($0) }), (1...20_000).contains(value) else { return nil }
                window = value
            case "--pace":
                guard let value = rest.popFirst().flatMap({ Int($0) }), (1...20_000).contains(value) else { return nil }
                pace = Double(value)
            case "all": sections = Section.allCases
            default:
                guard let section = Section(rawValue: word) else { return nil }
                sections.append(section)
            }
        }
        if sections.isEmpty { sections = Section.allCases }
        if window != nil ? sections != [.ledger] : pace != nil { return nil }
    }
}

/// What can be measured.
private enum Section: String, CaseIterable {
    case crypto
    case framelog
    case dht
    case call
    case ledger
    case growth
    case store
    case etcd

    func run(_ request: Request, into report: Report) async throws {
        let time = Duration.seconds(request.seconds)
        switch self {
        case .crypto: try CryptoBench.run(for: time, into: report)
        case .framelog: try FrameLogBench.run(for: time, into: report)
        case .dht: try await DHTBench.run(for: time, into: report)
        case .call: try await CallBench.run(for: time, into: report)
        case .ledger:
            if let window = request.window {
                try await LedgerBench.one(window: window, pace: request.pace, for: time, into: report)
            } else {
                try await LedgerBench.run(for: time, into: report)
            }
        case .growth: try await LedgerBench.growth(for: time, into: report)
        case .store: try StoreBench.run(transactions: request.transactions, into: report)
        case .etcd: try await EtcdBench.run(into: report)
        }
    }
}

@main
struct SottoBench {
    /// Synchronous, since signals must be blocked before a second thread exists.
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.contains("--help") {
            Terminal.write(usage + "\n", to: STDOUT_FILENO)
            exit(0)
        }
        guard let request = Request(arguments) else {
            fail("wrong arguments")
            Terminal.write("sotto-bench: hint: sotto-bench --help\n", to: STDERR_FILENO)
            exit(2)
        }
        SignalWatch.block([.interrupt, .terminate])
        // Ends with the program.
        Task.detached {
            let status = await run(request)
            Leftovers.shared.clear()
            exit(status)
        }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM] { unsafe sigaddset(&signals, signal) }
        var signal: Int32 = 0
        while unsafe sigwait(&signals, &signal) != 0 {}
        Leftovers.shared.clear()
        exit(130)
    }

    /// Measures section by section; gives the exit status.
    private static func run(_ request: Request) async -> Int32 {
        let report = Report(isJSON: request.isJSON)
        report.machine()
        var status: Int32 = 0
        for section in request.sections {
            do {
                try await section.run(request, into: report)
            } catch {
                fail("\(section.rawValue): \(error)")
                status = 1
            }
            Leftovers.shared.clear()
        }
        return status
    }

    private static func fail(_ text: String) { Terminal.write("sotto-bench: error: \(text)\n", to: STDERR_FILENO) }
}

/// A measurement that could not be made, and why.
struct BenchError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
