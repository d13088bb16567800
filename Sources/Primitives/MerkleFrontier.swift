/// The right edge of a growing RFC 9162 tree: enough to append leaves and to know the root, in O(log n) space.
package struct MerkleFrontier: Equatable, Sendable {
    /// How many leaves the tree has.
    package private(set) var size: UInt64
    /// Roots of the perfect subtrees, largest first: one for each bit set in `size`.
    package private(set) var peaks: [Digest]

    package init() {
        size = 0
        peaks = []
    }

    /// Takes back a stored frontier; nil when the count of peaks does not fit the size.
    package init?(size: UInt64, peaks: [Digest]) {
        guard peaks.count == size.nonzeroBitCount else { return nil }
        self.size = size
        self.peaks = peaks
    }

    package mutating func append(_ leaf: Digest, with hash: inout some Hashing) {
        var node = leaf
        var bits = size
        while bits & 1 == 1, let peak = peaks.popLast() {
            node = MerkleTree.nodeHash(peak, node, with: &hash)
            bits >>= 1
        }
        peaks.append(node)
        size += 1
    }

    package func root(with hash: inout some Hashing) -> Digest {
        guard var node = peaks.last else { return hash.finish() }
        for peak in peaks.dropLast().reversed() { node = MerkleTree.nodeHash(peak, node, with: &hash) }
        return node
    }
}
