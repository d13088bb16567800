package import Primitives

/// The ids of transactions whose `until` has not passed, with their results: enough to refuse every replay, since an
/// older one is refused by its `until`. Bounded by what blocks may hold within the window. It belongs to what
/// snapshots carry, and is not in the state tree.
package struct ReplayMemory: Sendable, Equatable {
    package struct Memory: Hashable, Sendable {
        package let until: Timestamp
        package let result: TransactionResult

        package init(until: Timestamp, result: TransactionResult) {
            self.until = until
            self.result = result
        }
    }

    /// Ids fall into buckets of a second of their `until`, so that forgetting costs what is forgotten.
    private static let bucketMilliseconds: UInt64 = 1_000

    private var memories: [TransactionID: Memory] = [:]
    private var buckets: [UInt64: [TransactionID]] = [:]
    private var oldest: UInt64?

    package init() {}

    package var count: Int { memories.count }

    /// What is remembered of a transaction.
    package func memory(of id: TransactionID) -> Memory? { memories[id] }

    /// What became of a remembered transaction.
    package func result(of id: TransactionID) -> TransactionResult? { memories[id]?.result }

    /// All memories, in ascending order of ids: for snapshots.
    package var sorted: [(id: TransactionID, memory: Memory)] {
        memories.sorted { $0.key < $1.key }.map { (id: $0.key, memory: $0.value) }
    }

    /// Takes over a finalised block's transactions and forgets those whose `until` lies before its time.
    package mutating func remember(_ block: ExecutedBlock) {
        for (id, memory) in block.memories { remember(id, memory) }
        forget(before: block.record.time)
    }

    package mutating func remember(_ id: TransactionID, _ memory: Memory) {
        guard memories.updateValue(memory, forKey: id) == nil else { return }
        let bucket = memory.until.rawValue / Self.bucketMilliseconds
        buckets[bucket, default: []].append(id)
        oldest = min(oldest ?? bucket, bucket)
    }

    /// Forgets the buckets that lie wholly before `time`.
    package mutating func forget(before time: Timestamp) {
        let current = time.rawValue / Self.bucketMilliseconds
        guard let first = oldest, first < current else { return }
        // A bucket may be far from the next: after a long pause, walking the keys is shorter than walking the time.
        let due =
            buckets.count < Int(clamping: current - first)
            ? buckets.keys.filter { $0 < current } : (first..<current).filter { buckets[$0] != nil }
        for bucket in due {
            for id in buckets.removeValue(forKey: bucket) ?? [] { memories[id] = nil }
        }
        oldest = buckets.isEmpty ? nil : (due.isEmpty ? first : buckets.keys.min())
    }
}
