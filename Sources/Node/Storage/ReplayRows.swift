import KeyValue
import Ledger
import Primitives
import Synchronization

/// Which blocks' transactions are remembered against replay, on the disk: one row for each block, which goes when all
/// of its transactions have run out.
struct ReplayRows: Sendable {
    private static let byteCount = 42

    /// Ascending heights, with the last moment at which one of the block's transactions may be replayed.
    private var rows: [(height: Height, until: Timestamp)] = []

    /// For each transaction its id, `until` u64 and the result's code u16.
    static func bytes(of memories: [TransactionID: ReplayMemory.Memory]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(byteCount * memories.count)
        for (id, memory) in memories.sorted(by: { $0.key < $1.key }) {
            output += id.bytes
            output += bigEndian(memory.until.rawValue)
            output += bigEndian(UInt64(memory.result.code)).suffix(2)
        }
        return output
    }

    /// Nil unless the bytes are a row's.
    static func memories(from bytes: [UInt8]) -> [(TransactionID, ReplayMemory.Memory)]? {
        guard bytes.count % byteCount == 0 else { return nil }
        var memories: [(TransactionID, ReplayMemory.Memory)] = []
        for start in stride(from: 0, to: bytes.count, by: byteCount) {
            guard let id = TransactionID(bytes[start..<start + 32]),
                let result = TransactionResult(
                    code: UInt16(truncatingIfNeeded: bigEndian(bytes[start + 40..<start + 42])))
            else { return nil }
            let until = Timestamp(bigEndian(bytes[start + 32..<start + 40]))
            memories.append((id, ReplayMemory.Memory(until: until, result: result)))
        }
        return memories
    }

    mutating func add(_ height: Height, until: Timestamp) { rows.append((height, until)) }

    /// Takes out the oldest blocks whose transactions have all run out.
    mutating func takeDue(before time: Timestamp) -> [Height] {
        let due = rows.prefix { $0.until < time }.map(\.height)
        rows.removeFirst(due.count)
        return due
    }
}

extension ChainStore {
    /// Puts what must be remembered of a block into the batch that makes it final.
    func add(_ memories: [TransactionID: ReplayMemory.Memory], at height: Height, to batch: inout WriteBatch) {
        guard let until = memories.values.map(\.until).max() else { return }
        batch.put(ChainTable.replay.key(height), ReplayRows.bytes(of: memories))
        ledge.withLock { $0.replays.add(height, until: until) }
    }

    /// Reads what is remembered. Layouts up to 2, and snapshots, have a row for each transaction; those become one.
    func loadReplayMemory() throws(ChainStoreError) {
        let tip = try storedTip().tip.record
        var batch = WriteBatch()
        var single: [TransactionID: ReplayMemory.Memory] = [:]
        var found = ReplayMemory()
        var rows = ReplayRows()
        for entry in try entries(.prefix([ChainTable.replay.rawValue]), limit: .max) {
            var value = entry.value
            if entry.key.count == 41 {
                value = Array(entry.key[9...] + entry.key[1..<9] + entry.value)
                batch.delete(entry.key)
            }
            guard let memories = ReplayRows.memories(from: value), let until = memories.map(\.1.until).max() else {
                throw .damaged(ChainTable.replay.name)
            }
            for (id, memory) in memories {
                found.remember(id, memory)
                if entry.key.count == 41 { single[id] = memory }
            }
            if entry.key.count == 9 { rows.add(Height(bigEndian(entry.key[1...])), until: until) }
        }
        found.forget(before: tip.time)
        let (foundMemory, foundRows) = (found, rows)
        memory.withLock { $0 = foundMemory }
        ledge.withLock { $0.replays = foundRows }
        guard !single.isEmpty else { return }
        add(single, at: tip.height, to: &batch)
        try write(batch, synced: true)
    }
}
