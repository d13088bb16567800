/// Runs seeds and says how each ended.
package enum Simulator {
    package struct Outcome: Sendable, Equatable {
        package let seed: UInt64
        package let violation: Violation?
        /// Blocks finalised.
        package let height: Int
        package let stepCount: Int
        /// Virtual time at the end, in milliseconds.
        package let milliseconds: UInt64
    }

    /// One seed, from start to end.
    package static func run(seed: UInt64, memberCount: Int? = nil, flaws: Flaws = []) -> Outcome {
        run(Scenario(seed: seed, memberCount: memberCount), flaws: flaws)
    }

    package static func run(_ scenario: Scenario, flaws: Flaws = []) -> Outcome {
        var world = World<ToyLedger>(scenario, flaws: flaws)
        let violation = world.run()
        return Outcome(
            seed: scenario.seed, violation: violation, height: world.checkers.canonical.count,
            stepCount: world.stepCount, milliseconds: world.now / 1_000)
    }
}
