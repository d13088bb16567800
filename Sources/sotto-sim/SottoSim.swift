import Glibc
import Simulation

private let usage = """
    Runs the consensus core in a seeded world: a network that loses, delays, repeats, reorders and cuts, disks that
    tear, fill and rot, clocks that jump, members that crash and lie. Every step is checked. In the end a quorum is
    healed and everything else stays as broken as it is; what the quorum is then given must become final.

    usage: sotto-sim [--seeds N] [--from S] [--members n] [--json]
           sotto-sim --seed K [--members n] [--flaw NAME] [--json]
           sotto-sim --mutations [--seeds N] [--from S]

      --seeds N     how many seeds to run (default 200; with --mutations at most 1000 for each)
      --from S      the first of them (default 1)
      --seed K      this one alone, and tells what happens in it: so a failure is replayed
      --members n   validators, 1 to 32 (default: drawn from the seed among 1, 4, 5, 7, 10)
      --mutations   puts one mistake after the other into the validators, and shows which seed exposes it
      --flaw NAME   with this mistake in the validators
      --json        one JSON object per seed on standard output
      --help        this text

    exit status: 0 all seeds passed, or all mistakes were exposed; 1 not so; 2 the arguments are wrong

    example: sotto-sim --seeds 1000 --members 4
    """

@main
struct SottoSim {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.contains("--help") {
            Terminal.say(usage)
            exit(0)
        }
        guard let request = Request(arguments) else {
            Terminal.complain("wrong arguments", hint: "sotto-sim --help")
            exit(2)
        }
        exit(request.isMutating ? mutate(request) : run(request))
    }

    /// Runs the seeds; gives the exit status.
    private static func run(_ request: Request) -> Int32 {
        var failures = 0
        var sum = (blocks: 0, steps: 0, restarts: 0, accusations: 0)
        for seed in request.seeds {
            let scenario = Scenario(seed: seed, memberCount: request.memberCount ?? request.flaw.memberCount)
            if request.isTold { Terminal.say("\(scenario)") }
            let outcome = Simulator.run(
                scenario, flaws: request.flaw, telling: request.isTold ? { Terminal.say($0) } : nil)
            sum.blocks += outcome.height
            sum.steps += outcome.stepCount
            sum.restarts += outcome.restartCount
            sum.accusations += outcome.accusationCount
            if request.isJSON { Terminal.say(json(outcome)) }
            guard let violation = outcome.violation else { continue }
            failures += 1
            Terminal.complain(
                "seed \(seed): \(violation) at \(outcome.milliseconds) ms, step \(outcome.stepCount)",
                hint: "sotto-sim --seed \(seed)\(request.repeated)")
        }
        if !request.isJSON {
            let ran = request.seeds.count
            Terminal.say(
                "\(ran - failures) of \(ran) seeds passed: \(sum.blocks) blocks finalised in \(sum.steps) steps, "
                    + "\(sum.restarts) restarts, \(sum.accusations) lies shown")
        }
        return failures == 0 ? 0 : 1
    }

    /// Puts in one mistake after the other; gives the exit status.
    private static func mutate(_ request: Request) -> Int32 {
        var missed = 0
        for (flaw, name) in Flaws.names {
            if let outcome = Simulator.firstCatch(of: flaw, in: request.seeds), let violation = outcome.violation {
                Terminal.say("\(name): seed \(outcome.seed): \(violation)")
            } else {
                missed += 1
                Terminal.complain(
                    "\(name) was not exposed by \(request.seeds.count) seeds", hint: "sotto-sim --flaw \(name) --seed K"
                )
            }
        }
        Terminal.say("\(Flaws.names.count - missed) of \(Flaws.names.count) mistakes were exposed")
        return missed == 0 ? 0 : 1
    }

    private static func json(_ outcome: Simulator.Outcome) -> String {
        let violation = outcome.violation.map { "\"\($0)\"" } ?? "null"
        return "{\"seed\":\(outcome.seed),\"height\":\(outcome.height),\"steps\":\(outcome.stepCount),"
            + "\"restarts\":\(outcome.restartCount),\"milliseconds\":\(outcome.milliseconds),"
            + "\"violation\":\(violation)}"
    }
}
