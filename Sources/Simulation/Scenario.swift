import Primitives

/// One run: who takes part, who lies, and how bad the network and the machines are. Drawn from the seed alone.
package struct Scenario: Sendable, Equatable {
    package enum Nature: Sendable, Equatable {
        case correct
        /// Says nothing at all.
        case silent
        /// Two processes with one key.
        case twin
        /// Signs whatever could do harm, for every block and view it hears of.
        case liar
    }

    package let seed: UInt64
    /// One per seat.
    package var natures: [Nature]
    /// Messages lost, in percent.
    package var lossPercent: UInt64
    package var duplicatePercent: UInt64
    /// Of one message, in microseconds.
    package var delay: ClosedRange<UInt64>
    /// Between two faults (partition, crash), in microseconds; zero for none.
    package var faultGapMax: UInt64
    /// Between two transactions, in microseconds.
    package var transactionGapMax: UInt64
    /// How long the faults last, in microseconds.
    package var faultsEnd: UInt64 = 6_000_000
    /// After they end, everything must be final within this many microseconds.
    package var patience: UInt64 = 60_000_000

    /// What a seed draws; `memberCount` as well when it is nil.
    package init(seed: UInt64, memberCount: Int? = nil) {
        var random = SeededGenerator(seed: seed)
        let drawn = [1, 2, 3, 4, 4, 4, 4, 5, 7, 10][Int(random.within(0...9))]
        let count = memberCount ?? drawn
        self.seed = seed
        natures = Array(repeating: .correct, count: count)
        let lying = Int(random.within(0...UInt64(Quorum.faultsBorne(by: count))))
        for _ in 0..<lying {
            natures[Int(random.within(0...UInt64(count - 1)))] = [.silent, .twin, .liar][Int(random.within(0...2))]
        }
        let isCalm = random.oneIn(4)
        lossPercent = isCalm ? 0 : random.within(0...25)
        duplicatePercent = random.within(0...20)
        delay = 500...(isCalm ? 5_000 : random.within(2_000...150_000))
        faultGapMax = random.oneIn(5) ? 0 : random.within(200_000...1_500_000)
        transactionGapMax = random.within(5_000...400_000)
    }

    package var lyingCount: Int { natures.filter { $0 != .correct }.count }
}
