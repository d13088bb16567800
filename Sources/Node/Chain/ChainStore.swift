package import Consensus
import Crypto
package import KeyValue
package import Ledger
package import Primitives
import Synchronization
import Wire

/// Why a node's store cannot be used.
package enum ChainStoreError: Error, Hashable, Sendable {
    case store(KeyValueError)
    /// It belongs to another network.
    case otherChain
    /// It was written by a newer version of the program.
    case newerLayout(UInt64)
    /// There is none, but beside its place lies one that a snapshot was being restored to.
    case unfinishedRestore
    /// What lies under a key is not what it should be: the name of the table.
    case damaged(String)
    /// The entry of this height in a segment file, at this offset, is not what was written.
    case damagedSegment(String, offset: Int, Height)
    /// A segment file that the store refers to is not there.
    case missingSegment(String)
    /// The block's transactions were here once, and were pruned; its record and finality proof are here.
    case pruned(Height)
    /// Transactions of the block were erased, so the block as a whole is no more.
    case erased(Height)
}

/// A node's ledger on disk: finalised blocks, the one log, the state and its tree, and what consensus must remember.
///
/// Reads may come from any thread; writes from the chain's own. A finalised block is one batch: all of it is there
/// after a crash, or none. The transactions of older blocks lie in segment files in the directory `blocks` beside
/// LevelDB's own files; see ``SegmentStore``.
package final class ChainStore: StateView, LogHashes, Sendable {
    /// 1 kept whole blocks in LevelDB; 2 every node of the state tree, and a row for each hash of the log and each
    /// remembered transaction; 3 had no index of what may be erased. Stores of older layouts are taken over when they
    /// are opened.
    package static let layoutVersion: UInt64 = 4

    /// Keys and values are mostly hashes, on which compression is lost; and what stays in memory longer is sorted into
    /// files fewer times.
    static var options: KeyValueStore.Options {
        var options = KeyValueStore.Options()
        options.isCompressed = false
        options.writeBufferByteCount = 32 << 20
        options.cacheByteCount = 64 << 20
        return options
    }

    /// Its directory.
    let path: String
    let keys: KeyValueStore
    let segments: SegmentStore
    let settings: StorageSettings
    let memory: Mutex<ReplayMemory>
    /// What the chain's thread knows of the store without looking.
    let ledge: Mutex<StoreLedge>
    /// The newest versions of the state tree.
    let tree: Mutex<TreeWindow>
    /// The run of the log that was read last at each level.
    let logRuns = Mutex<[Int: LogRun]>([:])
    /// Where LevelDB's files are swept, once there was something to sweep.
    let sweeper = Mutex<StoreSweeper?>(nil)

    /// Opens the store of `rules`' network in `path`, or makes it, with the genesis block in it.
    package init(
        path: String, rules: RuleBook, settings: StorageSettings = StorageSettings()
    ) throws(ChainStoreError) {
        if !DurableDirectory.exists(path), DurableDirectory.exists(SnapshotRestore.buildingPath(of: path)) {
            throw .unfinishedRestore
        }
        do throws(KeyValueError) {
            keys = try KeyValueStore(path: path, options: Self.options)
        } catch {
            throw .store(error)
        }
        self.path = path
        self.settings = settings
        memory = Mutex(ReplayMemory())
        ledge = Mutex(StoreLedge())
        tree = Mutex(TreeWindow(settled: TreeWindow.Version(height: .zero, root: nil)))
        segments = try SegmentStore(
            directory: path + "/blocks", chain: rules.chain, byteCountMax: settings.segmentByteCount)
        if let version = try read(.version, ChainTable.version.key(), { bytes in bigEndian(bytes) }) {
            guard version <= Self.layoutVersion else { throw .newerLayout(version) }
            guard try read(.chain, ChainTable.chain.key(), { ChainID($0) }) == rules.chain else { throw .otherChain }
            if version < Self.layoutVersion { try beginMigration(from: version) }
        } else {
            try writeGenesis(rules)
        }
        try loadLedge()
        try migrate(rules)
        try checkCommits()
        try loadTree()
        try finishErasures()
        try loadReplayMemory()
    }

    package func close() {
        sweeper.withLock { $0?.stop() }
        keys.close()
        segments.close()
    }

    /// How many facts the stored state holds.
    func stateCount() throws(ChainStoreError) -> Int {
        do throws(KeyValueError) {
            let cursor = try keys.cursor(over: KeyRange.prefix([ChainTable.state.rawValue]))
            var count = 0
            while try cursor.next() != nil { count += 1 }
            return count
        } catch {
            throw .store(error)
        }
    }

    /// Lends every fact of the stored state, in the order of keys.
    func forEachState(_ body: (StateKey, [UInt8]) throws -> Void) throws {
        let cursor = try keys.cursor(over: KeyRange.prefix([ChainTable.state.rawValue]))
        while let entry = try cursor.next() {
            guard let key = StateKey(Array(entry.key.dropFirst())) else {
                throw ChainStoreError.damaged(ChainTable.state.name)
            }
            try body(key, entry.value)
        }
    }

    /// Bytes on disk, roughly: LevelDB's files and the segment files.
    package var byteCount: Int {
        get throws(KeyValueError) { try keys.approximateByteCount() + segments.byteCount }
    }

    /// Bytes on disk by table, roughly, without what LevelDB has not sorted into files; `blocks` are the segment files.
    package func byteCounts() throws(KeyValueError) -> [(table: String, byteCount: Int)] {
        var counts: [(table: String, byteCount: Int)] = [("blocks", segments.byteCount)]
        for table in ChainTable.allCases {
            counts.append((table.name, try keys.approximateByteCount(of: .prefix([table.rawValue]))))
        }
        return counts
    }

    // MARK: StateView

    package func value(for key: StateKey) throws(StateError) -> [UInt8]? {
        try get(ChainTable.state.key(key.bytes))
    }

    package func memory(of id: TransactionID) throws(StateError) -> ReplayMemory.Memory? {
        memory.withLock { $0.memory(of: id) }
    }

    package func node(at key: TreeNodeKey) throws(StateError) -> TreeNode? {
        if let node = newNode(at: key) { return node }
        guard let bytes = try get(ChainTable.treeNode.key(key.bytes)) else { return nil }
        guard let node = TreeNode(bytes) else { throw .nodeMissing(key) }
        return node
    }

    private func get(_ key: [UInt8]) throws(StateError) -> [UInt8]? {
        do throws(KeyValueError) {
            return try keys.value(for: key)
        } catch {
            throw .storeFailed
        }
    }

    // MARK: Blocks

    package struct Position: Hashable, Sendable {
        package let height: Height
        package let index: UInt32
        package let code: UInt16
    }

    package func tip() throws(ChainStoreError) -> LedgerTip { try storedTip().tip }

    func storedTip() throws(ChainStoreError) -> StoredTip {
        guard let tip = try object(StoredTip.self, .tip, ChainTable.tip.key()) else { throw .damaged("tip") }
        return tip
    }

    package func height(ofBlock hash: Digest) throws(ChainStoreError) -> Height? {
        try read(.blockHash, ChainTable.blockHash.key(hash)) { Height(bigEndian($0)) }
    }

    package func finalization(at height: Height) throws(ChainStoreError) -> Certificate? {
        try object(Certificate.self, .finalization, ChainTable.finalization.key(height))
    }

    /// The first height from `height` on whose block was itself finalised, rather than by a descendant.
    package func nextFinalization(from height: Height) throws(ChainStoreError) -> (Height, Certificate)? {
        let range = KeyRange(
            from: ChainTable.finalization.key(height), upTo: [ChainTable.finalization.rawValue + 1])
        guard let entry = try entries(range, limit: 1).first else { return nil }
        do throws(WireError) {
            return (Height(bigEndian(entry.key.dropFirst())), try Certificate(decoding: entry.value))
        } catch {
            throw .damaged(ChainTable.finalization.name)
        }
    }

    package func position(of id: TransactionID) throws(ChainStoreError) -> Position? {
        try read(.transaction, ChainTable.transaction.key(id)) { bytes in
            guard bytes.count == 14 else { return nil }
            return Position(
                height: Height(bigEndian(bytes[0..<8])), index: UInt32(bigEndian(bytes[8..<12])),
                code: UInt16(bigEndian(bytes[12..<14])))
        }
    }

    // MARK: Plumbing

    func write(_ batch: WriteBatch, synced: Bool) throws(ChainStoreError) {
        do throws(KeyValueError) {
            try keys.write(batch, synced: synced)
        } catch {
            throw .store(error)
        }
    }

    func entries(_ range: KeyRange, limit: Int) throws(ChainStoreError) -> [KeyValueCursor.Entry] {
        do throws(KeyValueError) {
            return try keys.entries(in: range, limit: limit)
        } catch {
            throw .store(error)
        }
    }

    func object<Value: WireObject>(
        _ type: Value.Type, _ table: ChainTable, _ key: [UInt8]
    ) throws(ChainStoreError) -> Value? {
        guard let bytes = try read(table, key, { $0 }) else { return nil }
        do throws(WireError) {
            return try Value(decoding: bytes)
        } catch {
            throw .damaged(table.name)
        }
    }

    func read<Value>(
        _ table: ChainTable, _ key: [UInt8], _ decode: ([UInt8]) -> Value?
    ) throws(ChainStoreError) -> Value? {
        let bytes: [UInt8]?
        do throws(KeyValueError) {
            bytes = try keys.value(for: key)
        } catch {
            throw .store(error)
        }
        guard let bytes else { return nil }
        guard let value = decode(bytes) else { throw .damaged(table.name) }
        return value
    }
}
