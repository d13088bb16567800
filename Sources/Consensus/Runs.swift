import Primitives

/// Pieces of chain that wait for their execution. Each block of a run but the lowest stands on another one of it.
///
/// Whoever wants to know what a block waits for needs the lowest one of its run and nothing between them, so a chain
/// may be long without anybody walking down along it each time something happens. Two runs become one as soon as the
/// block between them is here; the shorter one is then written anew, so no block is written more often than the
/// logarithm of their number. Blocks leave at the ends only: the lowest to be executed, the highest to be forgotten.
struct Runs: Sendable, Equatable {
    private struct Place: Sendable, Equatable {
        let block: BlockReference
        let parent: BlockReference
        /// The next one of the same run, upwards.
        var above: BlockReference?
        var run: Int
    }

    private struct Run: Sendable, Equatable {
        var lowest: BlockReference
        var highest: BlockReference
        var count = 1
    }

    private var places: [Digest: Place] = [:]
    private var runs: [Int: Run] = [:]
    /// Numbers the runs.
    private var lastRun = 0
    /// Blocks that were written anew.
    private(set) var movedCount: UInt64 = 0

    /// The lowest block of the run in which `hash` lies; nil when it lies in none.
    func lowest(of hash: Digest) -> BlockReference? { places[hash].flatMap { runs[$0.run]?.lowest } }

    /// The one with the highest view.
    var highest: BlockReference? { runs.values.map(\.highest).max { ($0.view, $0.hash) < ($1.view, $1.hash) } }

    /// Takes a block on `parent`, under those of `children` that lie here.
    mutating func insert(_ block: BlockReference, on parent: BlockReference, below children: [BlockReference]) {
        guard places[block.hash] == nil else { return }
        lastRun += 1
        places[block.hash] = Place(block: block, parent: parent, run: lastRun)
        runs[lastRun] = Run(lowest: block, highest: block)
        join(parent, block)
        for child in children { join(block, child) }
    }

    /// Lets go of a block at an end of its run.
    mutating func remove(_ hash: Digest) {
        guard let place = places[hash], var run = runs[place.run] else { return }
        run.count -= 1
        if run.count == 0 {
            runs[place.run] = nil
        } else if run.lowest == place.block, let above = place.above {
            run.lowest = above
            runs[place.run] = run
        } else if run.highest == place.block {
            run.highest = place.parent
            places[place.parent.hash]?.above = nil
            runs[place.run] = run
        } else {
            return
        }
        places[hash] = nil
    }

    /// Makes one run of two: `parent` is the highest of one, and `child` the lowest of the other.
    private mutating func join(_ parent: BlockReference, _ child: BlockReference) {
        guard let lower = places[parent.hash]?.run, let upper = places[child.hash]?.run, lower != upper,
            let low = runs[lower], let high = runs[upper], low.highest == parent, high.lowest == child
        else { return }
        places[parent.hash]?.above = child
        let (kept, moved) = low.count >= high.count ? (lower, upper) : (upper, lower)
        var cursor: BlockReference? = moved == upper ? child : low.lowest
        while let block = cursor, places[block.hash]?.run == moved {
            places[block.hash]?.run = kept
            movedCount += 1
            cursor = places[block.hash]?.above
        }
        runs[moved] = nil
        runs[kept] = Run(lowest: low.lowest, highest: high.highest, count: low.count + high.count)
    }
}
