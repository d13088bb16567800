import Glibc
import Simulation

private let usage = """
    Runs the consensus core in a seeded world: a network that loses, delays, repeats and cuts, disks that tear, members
    that crash and lie. Every step is checked; after the faults end, everything must become final.

    usage: sotto-sim [--seeds N] [--seed K] [--members n] [--json]

      --seeds N     how many seeds to run, starting at --seed (default 200)
      --seed K      the first seed (default 1); alone, runs just this one: so a failure is replayed
      --members n   validators, 1 to 32 (default: drawn from the seed)
      --json        one JSON object per seed on standard output
      --help        this text

    exit status: 0 all seeds passed, 1 a seed failed, 2 the arguments are wrong

    example: sotto-sim --seeds 1000 --members 4
    """

/// What the command line asks for.
private struct Request {
    var first: UInt64 = 1
    var count: UInt64?
    var isSingle = false
    var memberCount: Int?
    var isJSON = false

    /// Nil when an argument is unknown or out of range.
    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            switch flag {
            case "--json": isJSON = true
            case "--seeds":
                guard let value = rest.popFirst().flatMap({ UInt64($0) }), value > 0 else { return nil }
                count = value
            case "--seed":
                guard let value = rest.popFirst().flatMap({ UInt64($0) }) else { return nil }
                first = value
                isSingle = true
            case "--members":
                guard let value = rest.popFirst().flatMap({ Int($0) }), (1...32).contains(value) else { return nil }
                memberCount = value
            default: return nil
            }
        }
    }

    var seeds: Range<UInt64> {
        let number = count ?? (isSingle ? 1 : 200)
        return first..<first + min(number, .max - first)
    }
}

@main
struct SottoSim {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.contains("--help") {
            write(usage + "\n", to: STDOUT_FILENO)
            exit(0)
        }
        guard let request = Request(arguments) else {
            write("sotto-sim: error: wrong arguments\nsotto-sim: hint: sotto-sim --help\n", to: STDERR_FILENO)
            exit(2)
        }
        exit(run(request))
    }

    /// Runs the seeds; gives the exit status.
    private static func run(_ request: Request) -> Int32 {
        var failures: [UInt64] = []
        var blocks = 0
        for seed in request.seeds {
            let outcome = Simulator.run(seed: seed, memberCount: request.memberCount)
            blocks += outcome.height
            if request.isJSON { write(json(outcome) + "\n", to: STDOUT_FILENO) }
            guard let violation = outcome.violation else { continue }
            failures.append(seed)
            let members = request.memberCount.map { " --members \($0)" } ?? ""
            write(
                "sotto-sim: error: seed \(seed): \(violation) at \(outcome.milliseconds) ms, "
                    + "step \(outcome.stepCount)\n"
                    + "sotto-sim: hint: sotto-sim --seed \(seed)\(members)\n", to: STDERR_FILENO)
        }
        if !request.isJSON {
            let ran = request.seeds.count
            write("\(ran - failures.count) of \(ran) seeds passed, \(blocks) blocks finalised\n", to: STDOUT_FILENO)
        }
        return failures.isEmpty ? 0 : 1
    }

    private static func json(_ outcome: Simulator.Outcome) -> String {
        let violation = outcome.violation.map { "\"\($0)\"" } ?? "null"
        return "{\"seed\":\(outcome.seed),\"height\":\(outcome.height),\"steps\":\(outcome.stepCount),"
            + "\"milliseconds\":\(outcome.milliseconds),\"violation\":\(violation)}"
    }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let count = unsafe bytes[start...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { return }
            start += count
        }
    }
}
