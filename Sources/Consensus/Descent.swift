import Primitives

/// Which block stands on which, in the order of the parents' views: so that those beside the last finalised block, and
/// what stands on them, are found without a look at the others. Parents need not be here.
struct Descent: Sendable, Equatable {
    private struct Edge: Sendable, Comparable {
        let parent: BlockReference
        let child: BlockReference

        static func < (left: Edge, right: Edge) -> Bool {
            if left.parent != right.parent {
                return (left.parent.view, left.parent.hash) < (right.parent.view, right.parent.hash)
            }
            return (left.child.view, left.child.hash) < (right.child.view, right.child.hash)
        }
    }

    /// Ascending.
    private var edges: [Edge] = []

    mutating func insert(_ child: BlockReference, on parent: BlockReference) {
        let edge = Edge(parent: parent, child: child)
        let index = place { $0 < edge }
        if index == edges.count || edges[index] != edge { edges.insert(edge, at: index) }
    }

    mutating func remove(_ child: BlockReference, on parent: BlockReference) {
        let edge = Edge(parent: parent, child: child)
        let index = place { $0 < edge }
        if index < edges.count, edges[index] == edge { edges.remove(at: index) }
    }

    /// The blocks that stand on `parent`, ascending.
    func children(of parent: BlockReference) -> [BlockReference] {
        let first = place { ($0.parent.view, $0.parent.hash) < (parent.view, parent.hash) }
        return edges[first...].prefix { $0.parent == parent }.map(\.child)
    }

    /// The blocks that do not descend from `head`, as far as their ancestors are here to tell; each stands behind its
    /// parent, if that is among them.
    func losers(beside head: BlockReference) -> [BlockReference] {
        var losers = edges.prefix { $0.parent.view <= head.view }.filter { $0.parent != head }.map(\.child)
        losers.sort { ($0.view, $0.hash) < ($1.view, $1.hash) }
        var next = 0
        while next < losers.count {
            // Children of lower ones were among the first.
            if losers[next].view > head.view { losers += children(of: losers[next]) }
            next += 1
        }
        return losers
    }

    /// The first edge that is not `below`.
    private func place(where below: (Edge) -> Bool) -> Int {
        var (low, high) = (0, edges.count)
        while low < high {
            let middle = (low + high) / 2
            if below(edges[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
