/// Runs seeds and says how each ended.
package enum Simulator {
    package struct Outcome: Sendable, Equatable {
        package let seed: UInt64
        package let violation: Violation?
        /// Blocks finalised.
        package let height: Int
        package let stepCount: Int
        /// How often a process started again.
        package let restartCount: Int
        /// How often a correct member showed that another had signed what excludes itself.
        package let accusationCount: Int
        /// Virtual time at the end, in milliseconds.
        package let milliseconds: UInt64
    }

    /// One seed, from start to end.
    package static func run(seed: UInt64, memberCount: Int? = nil, flaws: Flaws = []) -> Outcome {
        run(Scenario(seed: seed, memberCount: memberCount), flaws: flaws)
    }

    /// One scenario, from start to end; what happens is told line by line when somebody listens.
    package static func run(
        _ scenario: Scenario, flaws: Flaws = [], telling listener: ((String) -> Void)? = nil
    ) -> Outcome {
        var world = World<ToyLedger>(scenario, flaws: flaws, isTold: listener != nil)
        var goesOn = true
        while goesOn {
            goesOn = world.step()
            if let listener { for line in world.takeStory() { listener(line) } }
        }
        return Outcome(
            seed: scenario.seed, violation: world.checkers.violation, height: world.checkers.canonical.count,
            stepCount: world.stepCount, restartCount: world.restartCount,
            accusationCount: world.checkers.accusationCount, milliseconds: world.now / 1_000)
    }

    /// The first seed of `seeds` in which a mistake breaks a rule; nil when none does.
    package static func firstCatch(of flaw: Flaws, in seeds: some Sequence<UInt64>) -> Outcome? {
        for seed in seeds {
            let outcome = run(seed: seed, memberCount: flaw.memberCount, flaws: flaw)
            if outcome.violation != nil { return outcome }
        }
        return nil
    }
}
