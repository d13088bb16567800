/// How many transactions a leader puts into a block, so that executing it does not make the view run out.
///
/// The leader executes a block before it sends it, and everybody else before they vote; a view is given up after twice
/// the assumed message delay Δ. So a block should cost at most half of Δ on a machine like this one, as fast as it is
/// just now. What a transaction costs is a moving mean over the blocks that were executed here. More load than that
/// makes more blocks, not larger ones.
package struct BlockPace: Sendable, Equatable {
    /// A block may hold this many however slow the machine is.
    package static let countMin = 64
    /// Smaller blocks say little of what a transaction costs.
    static let sampleMin = 16
    /// The weight of the newest block in the mean: one in this many.
    private static let weight = 4

    private let budget: Duration
    /// Nil before the first block of some size.
    private var cost: Duration?

    /// - Parameter delta: the network's assumed bound on message delay.
    package init(delta: Duration) { budget = delta / 2 }

    /// Notes how long a block of `count` transactions took to execute.
    package mutating func executed(_ count: Int, in time: Duration) {
        guard count >= Self.sampleMin, time > .zero else { return }
        let newest = time / count
        cost = cost.map { ($0 * (Self.weight - 1) + newest) / Self.weight } ?? newest
    }

    /// Transactions for the next block, at most `limit`.
    package func countMax(limit: Int) -> Int {
        guard let cost, cost > .zero else { return min(limit, 1_024) }
        let fit = budget / cost
        return min(limit, fit >= Double(limit) ? limit : max(Self.countMin, Int(fit)))
    }
}
