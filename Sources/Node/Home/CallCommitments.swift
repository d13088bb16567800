import Crypto
import EventLoop
package import KeyValue
package import Ledger
package import Primitives
import Wire

/// The leaves of a home node's calls, and the trees it has committed to.
///
/// A member's device makes a leaf of its call and hands in the hash: the node learns that one of its members had a
/// call, which it knew, and no more. When an interval is over, the leaves of calls and of random dummies, in ascending
/// order, fill a size class of the network. The order says nothing, since hashes are as random as dummies. Leaves and
/// trees survive a restart; trees are kept for as long as `keptIntervals`.
package actor CallCommitments {
    /// Leaves that one member may have in one interval.
    static let perMemberMax = 64
    /// Trees kept, for participants that come for their path.
    static let keptIntervals: UInt64 = 4_320

    /// Where a leaf stands under a commitment.
    package struct Place: Sendable {
        package let index: UInt64
        package let size: UInt64
        package let path: [Digest]
    }

    private enum Table: UInt8 {
        /// – → the first interval that this store answers for
        case begin = 0
        /// interval, leaf → nothing
        case noted = 1
        /// interval → all leaves, in order
        case tree = 2
        /// interval → nothing: the commitment is on the ledger
        case posted = 3
    }

    private let store: KeyValueStore
    private let limits: NetworkLimits
    private var counts: [MemberID: Int] = [:]
    private var countedInterval: UInt64 = 0
    private var total = 0
    private var hash = SHA256()

    /// Opens or makes the store. Intervals before the first opening are none of this node's.
    package init(path: String, limits: NetworkLimits, at now: Timestamp) throws(KeyValueError) {
        var options = KeyValueStore.Options()
        options.cacheByteCount = 1 << 20
        options.writeBufferByteCount = 1 << 20
        store = try KeyValueStore(path: path, options: options)
        self.limits = limits
        if try store.value(for: [Table.begin.rawValue]) == nil {
            var batch = WriteBatch()
            batch.put([Table.begin.rawValue], bigEndian(now.rawValue / limits.commitInterval))
            try store.write(batch, synced: true)
        }
    }

    package func close() { store.close() }

    package nonisolated func interval(at now: Timestamp) -> UInt64 { now.rawValue / limits.commitInterval }

    /// Takes a leaf into the running interval.
    package func note(_ leaf: Digest, for member: MemberID, at now: Timestamp) throws(HomeRefusal) -> UInt64 {
        let interval = interval(at: now)
        if interval != countedInterval { (countedInterval, counts, total) = (interval, [:], 0) }
        guard counts[member, default: 0] < Self.perMemberMax, total < Int(CeilingOf.commitLeaves) else {
            throw .tooOften
        }
        counts[member, default: 0] += 1
        total += 1
        var batch = WriteBatch()
        batch.put(Self.key(.noted, interval) + leaf.bytes, [])
        guard (try? store.write(batch, synced: true)) != nil else { throw .full }
        return interval
    }

    /// The intervals that are over, may still be committed to (LG-60), and are not on the ledger yet.
    package func due(at now: Timestamp) throws(KeyValueError) -> [UInt64] {
        let current = interval(at: now)
        let begin = bigEndian(try store.value(for: [Table.begin.rawValue]) ?? bigEndian(current))
        var due: [UInt64] = []
        for interval in (max(3, current) - 3)..<max(3, current) where interval >= begin {
            if try store.value(for: Self.key(.posted, interval)) == nil { due.append(interval) }
        }
        return due
    }

    /// The commitment to an interval that is over: the same each time it is asked for.
    package func commitment(to interval: UInt64) throws(KeyValueError) -> CallCommit {
        let leaves: [Digest]
        if let tree = try tree(of: interval) {
            leaves = tree
        } else {
            leaves = try pad(interval)
        }
        return CallCommit(
            interval: interval, root: MerkleTree.root(of: leaves, with: &hash), size: UInt64(leaves.count))
    }

    /// Fills the tree with dummies and keeps it.
    private func pad(_ interval: UInt64) throws(KeyValueError) -> [Digest] {
        let prefix = Self.key(.noted, interval)
        let noted = try store.entries(in: .prefix(prefix), limit: Int(CeilingOf.commitLeaves))
            .compactMap { Digest($0.key.dropFirst(prefix.count)) }
        let size = Int(CallCommit.size(for: noted.count, limits))
        let dummies = (0..<max(0, size - noted.count)).map { _ in Digest.random() }
        let leaves = (noted + dummies).sorted()
        var batch = WriteBatch()
        batch.put(Self.key(.tree, interval), leaves.flatMap(\.bytes))
        for leaf in noted { batch.delete(prefix + leaf.bytes) }
        if interval >= Self.keptIntervals {
            batch.delete(Self.key(.tree, interval - Self.keptIntervals))
            batch.delete(Self.key(.posted, interval - Self.keptIntervals))
        }
        try store.write(batch, synced: true)
        return leaves
    }

    /// Notes that the ledger has the commitment.
    package func confirm(_ interval: UInt64) throws(KeyValueError) {
        var batch = WriteBatch()
        batch.put(Self.key(.posted, interval), [])
        try store.write(batch, synced: false)
    }

    /// Where a leaf stands; nil before the commitment is on the ledger, and where there is no such leaf.
    package func place(of leaf: Digest, in interval: UInt64) throws(KeyValueError) -> Place? {
        guard try store.value(for: Self.key(.posted, interval)) != nil, let leaves = try tree(of: interval),
            let index = leaves.firstIndex(of: leaf),
            let path = MerkleTree.inclusionProof(of: index, in: leaves[...], with: &hash)
        else { return nil }
        return Place(index: UInt64(index), size: UInt64(leaves.count), path: path)
    }

    private func tree(of interval: UInt64) throws(KeyValueError) -> [Digest]? {
        guard let bytes = try store.value(for: Self.key(.tree, interval)) else { return nil }
        return stride(from: 0, to: bytes.count, by: 32).compactMap { Digest(bytes[$0..<min($0 + 32, bytes.count)]) }
    }

    private static func key(_ table: Table, _ interval: UInt64) -> [UInt8] { [table.rawValue] + bigEndian(interval) }
}
