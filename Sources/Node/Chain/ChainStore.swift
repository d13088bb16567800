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
    /// What lies under a key is not what it should be: the name of the table.
    case damaged(String)
}

/// A node's ledger on disk: finalised blocks, the one log, the state and its tree, and what consensus must remember.
///
/// Reads may come from any thread; writes from the chain's own. A finalised block is one synced batch: all of it is
/// there after a crash, or none.
package final class ChainStore: StateView, LogHashes, Sendable {
    package static let layoutVersion: UInt64 = 1

    let keys: KeyValueStore
    private let memory: Mutex<ReplayMemory>
    private let failure = Mutex<KeyValueError?>(nil)

    /// Opens the store of `rules`' network in `path`, or makes it, with the genesis block in it.
    package init(path: String, rules: RuleBook) throws(ChainStoreError) {
        do throws(KeyValueError) {
            keys = try KeyValueStore(path: path)
        } catch {
            throw .store(error)
        }
        memory = Mutex(ReplayMemory())
        if let version = try read(.version, ChainTable.version.key(), { bytes in bigEndian(bytes) }) {
            guard version <= Self.layoutVersion else { throw .newerLayout(version) }
            guard try read(.chain, ChainTable.chain.key(), { ChainID($0) }) == rules.chain else { throw .otherChain }
        } else {
            try writeGenesis(rules)
        }
        try loadReplayMemory()
    }

    package func close() { keys.close() }

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

    /// Bytes on disk, roughly.
    package var byteCount: Int { get throws(KeyValueError) { try keys.approximateByteCount() } }

    /// The error that made a read fail, for whoever must say why the node stops.
    package var lastError: KeyValueError? { failure.withLock { $0 } }

    // MARK: StateView

    package func value(for key: StateKey) throws(StateError) -> [UInt8]? {
        try get(ChainTable.state.key(key.bytes))
    }

    package func memory(of id: TransactionID) throws(StateError) -> ReplayMemory.Memory? {
        memory.withLock { $0.memory(of: id) }
    }

    package func node(at key: TreeNodeKey) throws(StateError) -> TreeNode? {
        guard let bytes = try get(ChainTable.treeNode.key(key.bytes)) else { return nil }
        guard let node = TreeNode(bytes) else { throw .nodeMissing(key) }
        return node
    }

    package func logHash(level: Int, index: UInt64) throws(StateError) -> Digest? {
        try get(ChainTable.log.key([UInt8(truncatingIfNeeded: level)], bigEndian(index))).flatMap { Digest($0) }
    }

    private func get(_ key: [UInt8]) throws(StateError) -> [UInt8]? {
        do throws(KeyValueError) {
            return try keys.value(for: key)
        } catch {
            failure.withLock { $0 = error }
            throw .storeFailed
        }
    }

    // MARK: Blocks

    package struct Position: Hashable, Sendable {
        package let height: Height
        package let index: UInt32
    }

    package func tip() throws(ChainStoreError) -> LedgerTip { try storedTip().tip }

    func storedTip() throws(ChainStoreError) -> StoredTip {
        guard let tip = try object(StoredTip.self, .tip, ChainTable.tip.key()) else { throw .damaged("tip") }
        return tip
    }

    package func block(at height: Height) throws(ChainStoreError) -> StoredBlock? {
        try object(StoredBlock.self, .block, ChainTable.block.key(height))
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
            Position(height: Height(bigEndian(bytes.prefix(8))), index: UInt32(bigEndian(bytes.dropFirst(8))))
        }
    }

    // MARK: Writing

    /// Makes blocks final, in one synced batch: oldest first, `finalization` of the last.
    func commit(_ blocks: [(block: Block, executed: ExecutedBlock)], finalization: Certificate) throws(ChainStoreError)
    {
        guard let last = blocks.last else { return }
        var batch = WriteBatch()
        for (block, executed) in blocks { add(executed, block, to: &batch) }
        batch.put(ChainTable.finalization.key(last.executed.record.height), finalization.encoded)
        let stored = StoredTip(tip: last.executed.tip, block: last.block.reference)
        batch.put(ChainTable.tip.key(), stored.encoded)
        try dropReplayMemories(before: last.executed.record.time, &batch)
        try dropConsensus(upTo: last.block.view, &batch)
        try write(batch, synced: true)
        memory.withLock { memory in
            for (_, executed) in blocks { memory.remember(executed) }
        }
    }

    private func add(_ executed: ExecutedBlock, _ block: Block?, to batch: inout WriteBatch) {
        let height = executed.record.height
        if let block {
            let stored = StoredBlock(codes: executed.results.map(\.code), proposal: block.proposal)
            batch.put(ChainTable.block.key(height), stored.encoded)
            batch.put(ChainTable.blockHash.key(block.hash), bigEndian(height.rawValue))
        }
        for (index, transaction) in executed.transactions.enumerated() {
            let position = bigEndian(height.rawValue) + bigEndian(UInt64(index)).suffix(4)
            batch.put(ChainTable.transaction.key(transaction.id), position)
        }
        for node in executed.logNodes {
            batch.put(
                ChainTable.log.key([UInt8(truncatingIfNeeded: node.level)], bigEndian(node.index)), node.hash.bytes)
        }
        for (key, value) in executed.writes {
            let key = ChainTable.state.key(key.bytes)
            if let value { batch.put(key, value) } else { batch.delete(key) }
        }
        for (key, node) in executed.tree.nodes { batch.put(ChainTable.treeNode.key(key.bytes), node.bytes) }
        for key in executed.tree.stale {
            batch.put(ChainTable.staleNode.key(bigEndian(height.rawValue), key.bytes), [])
        }
        for (id, memory) in executed.memories {
            let code = [UInt8(memory.result.code >> 8), UInt8(truncatingIfNeeded: memory.result.code)]
            batch.put(ChainTable.replay.key(bigEndian(memory.until.rawValue), id.bytes), code)
        }
    }

    private func writeGenesis(_ rules: RuleBook) throws(ChainStoreError) {
        var hash = SHA256()
        let executed: ExecutedBlock
        do throws(StateError) {
            executed = try rules.genesisBlock(with: &hash)
        } catch {
            throw .damaged("genesis")
        }
        var batch = WriteBatch()
        batch.put(ChainTable.version.key(), bigEndian(Self.layoutVersion))
        batch.put(ChainTable.chain.key(), rules.chain.bytes)
        add(executed, nil, to: &batch)
        let stored = StoredTip(tip: executed.tip, block: .genesis(of: rules.chain))
        batch.put(ChainTable.tip.key(), stored.encoded)
        try write(batch, synced: true)
    }

    private func loadReplayMemory() throws(ChainStoreError) {
        let range = KeyRange.prefix([ChainTable.replay.rawValue])
        for entry in try entries(range, limit: .max) {
            guard entry.key.count == 41, let id = TransactionID(entry.key[9...]),
                let result = TransactionResult(code: UInt16(truncatingIfNeeded: bigEndian(entry.value)))
            else { throw .damaged(ChainTable.replay.name) }
            let until = Timestamp(bigEndian(entry.key[1..<9]))
            memory.withLock { $0.remember(id, ReplayMemory.Memory(until: until, result: result)) }
        }
    }

    private func dropReplayMemories(before time: Timestamp, _ batch: inout WriteBatch) throws(ChainStoreError) {
        let range = KeyRange(
            from: [ChainTable.replay.rawValue], upTo: ChainTable.replay.key(bigEndian(time.rawValue)))
        for entry in try entries(range, limit: .max) { batch.delete(entry.key) }
    }

    // MARK: Plumbing

    func write(_ batch: WriteBatch, synced: Bool) throws(ChainStoreError) {
        do throws(KeyValueError) {
            try keys.write(batch, synced: synced)
        } catch {
            failure.withLock { $0 = error }
            throw .store(error)
        }
    }

    func entries(_ range: KeyRange, limit: Int) throws(ChainStoreError) -> [KeyValueCursor.Entry] {
        do throws(KeyValueError) {
            return try keys.entries(in: range, limit: limit)
        } catch {
            failure.withLock { $0 = error }
            throw .store(error)
        }
    }

    private func object<Value: WireObject>(
        _ type: Value.Type, _ table: ChainTable, _ key: [UInt8]
    ) throws(ChainStoreError) -> Value? {
        guard let bytes = try read(table, key, { $0 }) else { return nil }
        do throws(WireError) {
            return try Value(decoding: bytes)
        } catch {
            throw .damaged(table.name)
        }
    }

    private func read<Value>(
        _ table: ChainTable, _ key: [UInt8], _ decode: ([UInt8]) -> Value?
    ) throws(ChainStoreError) -> Value? {
        let bytes: [UInt8]?
        do throws(KeyValueError) {
            bytes = try keys.value(for: key)
        } catch {
            failure.withLock { $0 = error }
            throw .store(error)
        }
        guard let bytes else { return nil }
        guard let value = decode(bytes) else { throw .damaged(table.name) }
        return value
    }
}
