import Primitives

/// One run: who takes part, who lies, and how bad the network and the machines are. Drawn from the seed alone.
package struct Scenario: Sendable, Equatable {
    package enum Nature: Sendable, Equatable {
        case correct
        /// Says nothing at all.
        case silent
        /// Two processes with one key; in a mixed pair each talks to one half of the others only.
        case twin
        /// Follows the rules, but tells only some of the others what it signs and answers nobody.
        case withholder
        /// Follows the rules, and signs each vote for the views beside as well.
        case stale
        /// Signs every ballot for every block and view it hears of, and tells each peer some of them.
        case equivocator
        /// Makes up certificates and blocks: out of turn, unjustified, with invented or repeated transactions, two at
        /// once.
        case forger

        static let lies: [Nature] = [.silent, .twin, .twin, .withholder, .stale, .equivocator, .forger, .forger]

        /// Whether an engine decides what it does.
        var hasEngine: Bool {
            switch self {
            case .correct, .twin, .withholder, .stale: true
            case .silent, .equivocator, .forger: false
            }
        }
    }

    package let seed: UInt64
    /// One per seat.
    package var natures: [Nature]
    package var faults: Faults
    /// Each twin of a pair hears and tells one half only.
    package var hasMixedTwins: Bool
    /// Between two transactions, in microseconds.
    package var transactionGapMax: UInt64
    /// Heights in a validator epoch, after which somebody leaves or joins; zero for an epoch without end.
    package var epochHeights: UInt64
    /// How long the first phase lasts, in microseconds: then a quorum is healed, and whatever else is wrong stays so.
    package var healsAt: UInt64
    /// After that, everything brought to the quorum must be final within this many microseconds.
    package var patience: UInt64 = 120_000_000

    /// What a seed draws; `memberCount` as well when it is nil.
    package init(seed: UInt64, memberCount: Int? = nil) {
        var random = SeededGenerator(seed: seed)
        let drawn = [1, 4, 4, 4, 4, 5, 5, 7, 7, 10][random.below(10)]
        let count = memberCount ?? drawn
        self.seed = seed
        natures = Array(repeating: .correct, count: count)
        let lying = Int(random.within(0...UInt64(Quorum.faultsBorne(by: count))))
        for _ in 0..<lying { natures[random.below(count)] = Nature.lies[random.below(Nature.lies.count)] }
        faults = random.oneIn(6) ? Faults() : Faults(from: &random)
        hasMixedTwins = random.oneIn(2)
        transactionGapMax = random.within(5_000...400_000)
        epochHeights = random.oneIn(2) ? 0 : random.within(2...12)
        healsAt = random.within(2_000_000...6_000_000)
    }

    package var lyingCount: Int { natures.filter { $0 != .correct }.count }
}

extension Scenario: CustomStringConvertible {
    /// One line for whoever replays it.
    package var description: String {
        let who = natures.map { String(describing: $0) }.joined(separator: ", ")
        let pairs = Mirror(reflecting: faults).children.map { "\($0.label ?? "") \($0.value)" }
        return "seed \(seed): \(who); \(pairs.joined(separator: ", ")); mixed twins \(hasMixedTwins), "
            + "epochs of \(epochHeights) heights; a quorum is healed at \(healsAt / 1_000) ms"
    }
}
