import EventLoop
import KeyValue
import Primitives
import Synchronization

/// How old values leave LevelDB's files. A value that was replaced or deleted lies in them until they are merged, which
/// may be never; so the ranges where something erased has lain are merged on purpose.
extension ChainStore {
    /// At an opening, above so many, whole tables are merged.
    private static let sweepsMax = 64

    /// Merges what is noted, here or on a thread of its own, as the settings say.
    func sweep() throws(ChainStoreError) {
        guard try hasSweeps() else { return }
        guard settings.sweepsAside else { return try sweepNow() }
        let starts = ledge.withLock { ledge in
            let isFirst = ledge.sweeps == .none
            ledge.sweeps = isFirst ? .running : .again
            return isFirst
        }
        guard starts else { return }
        let sweeper = sweeper.withLock { known in
            if known == nil { known = try? StoreSweeper() }
            return known
        }
        guard let sweeper else {
            ledge.withLock { $0.sweeps = .none }
            return try sweepNow()
        }
        // It ends when nothing is noted any more, or the store is closed.
        Task { await sweeper.run(self) }
    }

    /// Notes a key, or with one byte a whole table.
    static func sweepKey(_ key: [UInt8]) -> [UInt8] { ChainTable.sweep.key([0], key) }

    private func hasSweeps() throws(ChainStoreError) -> Bool {
        try !entries(.prefix(ChainTable.sweep.key([0])), limit: 1).isEmpty
    }

    /// Merges what is noted. The notes stay until the next opening: whoever held a view of the store held old files.
    fileprivate func sweepNow() throws(ChainStoreError) {
        for entry in try entries(.prefix(ChainTable.sweep.key([0])), limit: .max) {
            let key = Array(entry.key.dropFirst(2))
            try merge(key)
            var batch = WriteBatch()
            batch.delete(entry.key)
            batch.put(ChainTable.sweep.key([1], key), [])
            try write(batch, synced: false)
        }
    }

    /// One byte is a whole table; more are one key.
    ///
    /// LevelDB merges a file only with files above it. What lay in memory goes to a file first; then something is
    /// written that spans the range and means nothing, the deletion of two keys that no table has, and that is merged
    /// with every file of the range on its way down.
    private func merge(_ key: [UInt8]) throws(ChainStoreError) {
        let isTable = key.count == 1
        let range = isTable ? KeyRange.prefix(key) : KeyRange(from: Array(key.dropLast()), upTo: key + [0])
        var batch = WriteBatch()
        batch.delete(range.lower)
        batch.delete(range.upper ?? key + [0])
        do throws(KeyValueError) {
            try keys.compact(range)
            try keys.write(batch, synced: false)
            try keys.compact(range)
        } catch {
            throw .store(error)
        }
    }

    /// Merges all that is noted once more, and forgets it.
    func finishSweeping() throws(ChainStoreError) {
        let noted = try entries(.prefix([ChainTable.sweep.rawValue]), limit: .max)
        guard !noted.isEmpty else { return }
        var ranges = noted.map { Array($0.key.dropFirst(2)) }
        if ranges.count > Self.sweepsMax { ranges = Set(ranges.map { $0[0] }).sorted().map { [$0] } }
        for range in ranges { try merge(range) }
        var batch = WriteBatch()
        for entry in noted { batch.delete(entry.key) }
        try write(batch, synced: true)
    }

    /// Whether nothing came while the sweeper worked, so that it may stop.
    fileprivate func endsSweeping() -> Bool {
        ledge.withLock { ledge in
            let ends = ledge.sweeps == .running
            ledge.sweeps = ends ? .none : .running
            return ends
        }
    }
}

/// The thread that waits while LevelDB rewrites files.
actor StoreSweeper {
    private nonisolated let executor: BlockingThreadExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    init() throws(SocketError) { executor = try BlockingThreadExecutor(name: "sweep") }

    /// What fails is noted still, and done when the store opens again.
    func run(_ store: ChainStore) {
        repeat { try? store.sweepNow() } while !store.endsSweeping()
    }

    /// Ends the thread.
    nonisolated func stop() { executor.stop() }
}
