package import Primitives

/// Reads the stored hashes of the one log. Every perfect subtree has one: `level` 0 are the leaf hashes, and the
/// subtree of `level` with number `index` covers the leaves from index · 2^level on.
package protocol LogHashes {
    func logHash(level: Int, index: UInt64) throws(StateError) -> Digest?
}

/// The hash of one perfect subtree, to be stored.
package struct LogNode: Hashable, Sendable {
    package let level: Int
    package let index: UInt64
    package let hash: Digest

    package init(level: Int, index: UInt64, hash: Digest) {
        self.level = level
        self.index = index
        self.hash = hash
    }
}

/// The one RFC 9162 log over every transaction since genesis: growing it, and proofs from stored hashes. `MerkleTree`
/// checks the proofs.
package enum LogTree {
    /// Appends one leaf hash and gives every subtree that it completes, the leaf first.
    package static func append(
        _ leaf: Digest, to frontier: inout MerkleFrontier, with hash: inout some Hashing
    ) -> [LogNode] {
        var nodes = [LogNode(level: 0, index: frontier.size, hash: leaf)]
        var peaks = frontier.peaks
        var node = leaf
        var index = frontier.size
        var level = 0
        while index & 1 == 1, let peak = peaks.popLast() {
            node = MerkleTree.nodeHash(peak, node, with: &hash)
            index >>= 1
            level += 1
            nodes.append(LogNode(level: level, index: index, hash: node))
        }
        peaks.append(node)
        if let grown = MerkleFrontier(size: frontier.size + 1, peaks: peaks) { frontier = grown }
        return nodes
    }

    /// The root of the first `size` leaves.
    package static func root(
        size: UInt64, from store: some LogHashes, with hash: inout some Hashing
    ) throws(StateError) -> Digest {
        size == 0 ? hash.finish() : try subtree(0..<size, from: store, with: &hash)
    }

    /// PATH(index, D[0:size]) of RFC 9162 section 2.1.3.1; nil when there is no such leaf.
    package static func inclusionProof(
        of index: UInt64, size: UInt64, from store: some LogHashes, with hash: inout some Hashing
    ) throws(StateError) -> [Digest]? {
        guard index < size else { return nil }
        var range = 0..<size
        var path: [Digest] = []
        while range.count > 1 {
            let middle = splitPoint(range)
            let (near, far) = halves(range, at: middle, toward: index)
            path.append(try subtree(far, from: store, with: &hash))
            range = near
        }
        return path.reversed()
    }

    /// PROOF(old, D[0:new]) of RFC 9162 section 2.1.4.1; nil when `old` is above `new`, empty for 0 and equal sizes.
    package static func consistencyProof(
        from old: UInt64, to new: UInt64, from store: some LogHashes, with hash: inout some Hashing
    ) throws(StateError) -> [Digest]? {
        guard old <= new else { return nil }
        if old == 0 || old == new { return [] }
        var range = 0..<new
        var path: [Digest] = []
        while range.upperBound != old {
            let middle = splitPoint(range)
            let (near, far) = halves(range, at: middle, toward: old - 1)
            path.append(try subtree(far, from: store, with: &hash))
            range = near
        }
        // The old tree's root is known to the checker when the walk never turned right.
        if range.lowerBound != 0 { path.append(try subtree(range, from: store, with: &hash)) }
        return path.reversed()
    }

    private static func halves(
        _ range: Range<UInt64>, at middle: UInt64, toward index: UInt64
    ) -> (near: Range<UInt64>, far: Range<UInt64>) {
        let left = range.lowerBound..<middle
        let right = middle..<range.upperBound
        return index < middle ? (left, right) : (right, left)
    }

    /// The first leaf of the right half: after the largest power of two below the count.
    private static func splitPoint(_ range: Range<UInt64>) -> UInt64 {
        let last = UInt64(range.count - 1)
        return range.lowerBound + 1 << UInt64(63 - last.leadingZeroBitCount)
    }

    /// The root over leaves of a range that a split produced, so it starts at a multiple of its own width.
    private static func subtree(
        _ range: Range<UInt64>, from store: some LogHashes, with hash: inout some Hashing
    ) throws(StateError) -> Digest {
        let count = UInt64(range.count)
        if count & (count - 1) == 0 {
            let level = count.trailingZeroBitCount
            let index = range.lowerBound >> UInt64(level)
            guard let stored = try store.logHash(level: level, index: index) else {
                throw .logHashMissing(level: level, index: index)
            }
            return stored
        }
        let middle = splitPoint(range)
        let left = try subtree(range.lowerBound..<middle, from: store, with: &hash)
        return MerkleTree.nodeHash(
            left, try subtree(middle..<range.upperBound, from: store, with: &hash), with: &hash)
    }
}

/// The hashes of a log in memory, for tests and for `verify`.
package struct MemoryLog: LogHashes, Sendable {
    private var hashes: [Int: [Digest]] = [:]

    package init() {}

    package mutating func store(_ nodes: [LogNode]) {
        for node in nodes { hashes[node.level, default: []].append(node.hash) }
    }

    package func logHash(level: Int, index: UInt64) -> Digest? {
        guard let row = hashes[level], index < UInt64(row.count) else { return nil }
        return row[Int(index)]
    }
}
