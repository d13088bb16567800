/// The Merkle tree of RFC 9162 section 2.1 over a list of leaves.
///
/// A leaf hashes as H(0x00 ‖ leaf), a node as H(0x01 ‖ left ‖ right), the empty list as H(""). A list splits at the
/// largest power of two below its length; the last leaf is never doubled. Functions take leaf hashes, not leaves.
package enum MerkleTree {
    package static func leafHash(_ leaf: [UInt8], with hash: inout some Hashing) -> Digest {
        hash.update([0x00])
        hash.update(leaf)
        return hash.finish()
    }

    package static func nodeHash(_ left: Digest, _ right: Digest, with hash: inout some Hashing) -> Digest {
        hash.digest(prefix: 0x01, left, right)
    }

    /// MTH of section 2.1.1.
    package static func root(of leaves: ArraySlice<Digest>, with hash: inout some Hashing) -> Digest {
        var frontier = MerkleFrontier()
        for leaf in leaves { frontier.append(leaf, with: &hash) }
        return frontier.root(with: &hash)
    }

    package static func root(of leaves: [Digest], with hash: inout some Hashing) -> Digest {
        root(of: leaves[...], with: &hash)
    }

    /// PATH of section 2.1.3.1: the siblings from leaf `index` up to the root; nil when there is no such leaf.
    package static func inclusionProof(
        of index: Int, in leaves: ArraySlice<Digest>, with hash: inout some Hashing
    ) -> [Digest]? {
        guard index >= 0, index < leaves.count else { return nil }
        if leaves.count == 1 { return [] }
        let split = splitPoint(leaves.count)
        let middle = leaves.startIndex + split
        let (near, far, inner) =
            index < split
            ? (leaves[..<middle], leaves[middle...], index) : (leaves[middle...], leaves[..<middle], index - split)
        guard let path = inclusionProof(of: inner, in: near, with: &hash) else { return nil }
        return path + [root(of: far, with: &hash)]
    }

    /// The check of section 2.1.3.2.
    package static func isIncluded(
        _ leaf: Digest, at index: UInt64, size: UInt64, proof: [Digest], root: Digest, with hash: inout some Hashing
    ) -> Bool {
        guard index < size else { return false }
        var node = index
        var last = size - 1
        var current = leaf
        for sibling in proof {
            if last == 0 { return false }
            if node & 1 == 1 || node == last {
                current = nodeHash(sibling, current, with: &hash)
                while node & 1 == 0, node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                current = nodeHash(current, sibling, with: &hash)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 && current == root
    }

    /// The check of section 2.1.4.2: the tree of `newSize` leaves extends that of `oldSize`.
    package static func isConsistent(
        oldSize: UInt64, oldRoot: Digest, newSize: UInt64, newRoot: Digest, proof: [Digest],
        with hash: inout some Hashing
    ) -> Bool {
        if oldSize > newSize { return false }
        if oldSize == newSize { return proof.isEmpty && oldRoot == newRoot }
        if oldSize == 0 { return proof.isEmpty }
        var path = proof[...]
        if oldSize & (oldSize - 1) == 0 { path = [oldRoot] + path }
        guard let first = path.popFirst() else { return false }
        var node = oldSize - 1
        var last = newSize - 1
        while node & 1 == 1 {
            node >>= 1
            last >>= 1
        }
        var old = first
        var new = first
        for sibling in path {
            if last == 0 { return false }
            if node & 1 == 1 || node == last {
                old = nodeHash(sibling, old, with: &hash)
                new = nodeHash(sibling, new, with: &hash)
                while node & 1 == 0, node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                new = nodeHash(new, sibling, with: &hash)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 && old == oldRoot && new == newRoot
    }

    /// The largest power of two below `count`, which is at least 2.
    package static func splitPoint(_ count: Int) -> Int {
        1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
    }
}
