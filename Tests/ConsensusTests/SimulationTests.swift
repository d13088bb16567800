import Consensus
import Simulation
import Testing

@Suite("The engine in a seeded world")
struct SimulationTests {
    @Test("Thirty seeds of loss, partition, crash and lies break nothing and end in progress", arguments: 1...30)
    func seeds(_ seed: UInt64) {
        #expect(Simulator.run(seed: seed).violation == nil)
    }

    @Test("One seed gives one run, step by step")
    func determinism() {
        #expect(Simulator.run(seed: 5) == Simulator.run(seed: 5))
    }

    @Test("Every flaw put around the engine is caught within a few seeds", arguments: Flaws.allCases)
    func flaws(_ flaw: Flaws) {
        let caught = (1...60).contains { seed in
            Simulator.run(seed: seed, memberCount: 4, flaws: flaw).violation != nil
        }
        #expect(caught)
    }

    @Test("Seeds that once found a fault", arguments: [(UInt64(123), Int?.none), (252, nil)])
    func regressions(seed: UInt64, members: Int?) {
        #expect(Simulator.run(seed: seed, memberCount: members).violation == nil)
    }
}
