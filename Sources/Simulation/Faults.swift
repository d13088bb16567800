/// What may go wrong in one run, and how badly: a swarm, in which each kind of fault is there or not by itself. With
/// all of them at once nothing much happens; a run without some of them goes where the others would have kept it from.
///
/// Source: Groce, Zhang, Eide, Chen, Regehr, "Swarm Testing", ISSTA 2012.
package struct Faults: Sendable, Equatable {
    /// Messages that get lost, in percent: up to 30.
    package var lossPercent: UInt64 = 0
    /// Messages that arrive twice, in percent: up to 20.
    package var duplicatePercent: UInt64 = 0
    /// With so many messages in a hundred an old one is sent once more: up to 50.
    package var replayPercent: UInt64 = 0
    /// Of one message, in microseconds.
    package var delay: ClosedRange<UInt64> = 500...5_000
    /// Messages of one sender to one receiver overtake each other.
    package var reorders = false
    /// The members fall into two halves that do not hear each other.
    package var splits = false
    /// A member is not heard by some that it hears.
    package var deafens = false
    package var crashes = false
    /// All members lose power in one moment.
    package var cutsPower = false
    /// A crash loses what was not synced, from a random place on.
    package var tearsWrites = false
    /// A crash loses all that was not synced.
    package var losesWrites = false
    /// A bit of a stored table flips. Hits at most as many as may fail for good.
    package var flipsBits = false
    /// Nothing more can be written, until there is room again.
    package var fillsDisks = false
    /// A sync takes up to a second.
    package var slowsDisks = false
    /// Wall clocks jump by about an hour, forwards or back; forwards, every timer that runs is due at once.
    package var jumpsClocks = false
    /// Between two strikes, in microseconds; zero for none.
    package var gapMax: UInt64 = 0

    package init() {}

    /// Draws the swarm of one run.
    init(from random: inout SeededGenerator) {
        if random.oneIn(2) { lossPercent = random.within(1...30) }
        if random.oneIn(2) { duplicatePercent = random.within(1...20) }
        if random.oneIn(2) { replayPercent = random.within(1...50) }
        if random.oneIn(2) { delay = 500...random.within(5_000...150_000) }
        reorders = random.oneIn(2)
        splits = random.oneIn(2)
        deafens = random.oneIn(2)
        crashes = random.oneIn(2)
        cutsPower = random.oneIn(4)
        tearsWrites = random.oneIn(2)
        losesWrites = random.oneIn(2)
        flipsBits = random.oneIn(4)
        fillsDisks = random.oneIn(4)
        slowsDisks = random.oneIn(4)
        jumpsClocks = random.oneIn(4)
        gapMax = random.oneIn(6) ? 0 : random.within(150_000...1_500_000)
    }

    /// What can be done to a network, a disk or a clock at one moment.
    enum Strike: Sendable, CaseIterable {
        case crash, powerCut, split, deafen, flip, fill, slow, jump
        /// Ends what lasts: cuts, full and slow disks, wrong clocks.
        case relief
    }

    /// Crash and relief come more often than the others.
    var strikes: [Strike] {
        var list: [Strike] = [.relief, .relief]
        if crashes { list += [.crash, .crash] }
        if cutsPower { list.append(.powerCut) }
        if splits { list.append(.split) }
        if deafens { list.append(.deafen) }
        if flipsBits { list.append(.flip) }
        if fillsDisks { list.append(.fill) }
        if slowsDisks { list.append(.slow) }
        if jumpsClocks { list.append(.jump) }
        return list
    }
}
