import Consensus
import Crypto
import KeyValue
package import Ledger
import Primitives
import Synchronization
import Wire

/// Makes a store out of a snapshot. It is built beside the place where it shall lie, checked as it is built, and takes
/// that place in one step at the end: whatever is interrupted leaves nothing that starts.
package enum SnapshotRestore {
    /// Where a store of `path` is built.
    package static func buildingPath(of path: String) -> String { path + ".restoring" }

    /// Restores the snapshot in `directory` to `path`.
    ///
    /// A store that lies there already is replaced only if `replacing`, and only by a newer state of the same network;
    /// what its validator has signed, and the bodies above the snapshot, are taken over into the new one.
    @discardableResult
    package static func run(
        _ directory: SnapshotDirectory, to path: String, rules: RuleBook, replacing: Bool = false,
        _ progress: (Int, Int) -> Void = { _, _ in }
    ) throws(SnapshotFault) -> SnapshotManifest {
        let manifest = try directory.manifest()
        let exists = DurableDirectory.exists(path)
        guard !exists || replacing else { throw SnapshotFault(.swap, "there is a store in \(path) already") }
        let building = buildingPath(of: path)
        do throws(KeyValueError) {
            try DurableDirectory.remove(building)
        } catch {
            throw SnapshotFault(.store, "\(building) cannot be removed: \(error)")
        }
        let sink = try StoreBuilder(path: building)
        defer { sink.close() }
        var checker = try SnapshotChecker(manifest, rules: rules, into: sink)
        let root = try checker.run(directory, progress)
        let tip = LedgerTip(
            record: manifest.tip.record, recordID: manifest.tip.recordID, log: manifest.tip.log, state: root)
        try sink.finish(StoredTip(tip: tip, block: checker.block), rules.chain)
        if exists { try sink.takeOver(from: path, above: checker.block.view, manifest) }
        try sink.settle()
        do throws(KeyValueError) {
            if exists {
                try DurableDirectory.exchange(building, path)
                try DurableDirectory.remove(building)
            } else {
                try DurableDirectory.rename(building, to: path)
            }
        } catch {
            throw SnapshotFault(.swap, "the new store does not get its place: \(error)")
        }
        return manifest
    }
}

/// A store of the newest layout, written from outside.
private final class StoreBuilder: SnapshotSink {
    private static let batchByteCount = 1 << 20

    private let path: String
    private var keys: KeyValueStore
    private var batch = WriteBatch()

    init(path: String) throws(SnapshotFault) {
        self.path = path
        do throws(KeyValueError) {
            keys = try KeyValueStore(path: path)
        } catch {
            throw SnapshotFault(.store, "\(path) cannot be made: \(error)")
        }
    }

    func close() { keys.close() }

    // MARK: What was checked

    func take(_ item: SnapshotHead, block: Digest, echoes: [Digest]) throws(SnapshotFault) {
        let height = item.head.record.height
        try put(ChainTable.head.key(height), item.head.encoded)
        try put(ChainTable.blockHash.key(block), bigEndian(height.rawValue))
        if let finalization = item.finalization {
            try put(ChainTable.finalization.key(height), finalization.encoded)
        }
        guard let seal = item.seal else { return }
        let notes = ChainStore.notes(
            sealing: item.head.record, next: seal.next.encoded, Array(zip(echoes, seal.echoes)))
        for (key, value) in notes { try put(key, value) }
        guard let recovery = seal.recovery else { return }
        let epoch = bigEndian(item.head.record.epoch.rawValue)
        try put(ChainTable.recovery.key(epoch), recovery.encoded)
    }

    func take(_ nodes: [LogNode]) throws(SnapshotFault) {
        for node in nodes {
            try put(
                ChainTable.log.key([UInt8(truncatingIfNeeded: node.level)], bigEndian(node.index)), node.hash.bytes)
        }
    }

    func take(_ transaction: SnapshotTransaction, index: Int) throws(SnapshotFault) {
        try put(
            ChainTable.transaction.key(transaction.id),
            ChainStore.position(transaction.height, index, code: transaction.code))
        try put(
            ChainTable.replay.key(bigEndian(transaction.until.rawValue), transaction.id.bytes),
            Array(bigEndian(UInt64(transaction.code)).suffix(2)))
    }

    func take(_ key: StateKey, _ value: [UInt8]) throws(SnapshotFault) {
        try put(ChainTable.state.key(key.bytes), value)
    }

    func take(_ nodes: [TreeNodeKey: TreeNode]) throws(SnapshotFault) {
        for (key, node) in nodes { try put(ChainTable.treeNode.key(key.bytes), node.bytes) }
    }

    private func put(_ key: [UInt8], _ value: [UInt8]) throws(SnapshotFault) {
        batch.put(key, value)
        if batch.byteCount >= Self.batchByteCount { try flush(synced: false) }
    }

    private func flush(synced: Bool) throws(SnapshotFault) {
        do throws(KeyValueError) {
            try keys.write(batch, synced: synced)
        } catch {
            throw SnapshotFault(.store, error == .diskFull ? "the disk is full" : "\(path) cannot be written: \(error)")
        }
        batch = WriteBatch()
    }

    // MARK: The rest

    func finish(_ tip: StoredTip, _ chain: ChainID) throws(SnapshotFault) {
        try put(ChainTable.version.key(), bigEndian(ChainStore.layoutVersion))
        try put(ChainTable.chain.key(), chain.bytes)
        try put(ChainTable.blockFloor.key(), bigEndian(tip.tip.record.height.next.rawValue))
        try put(ChainTable.tip.key(), tip.encoded)
        try flush(synced: true)
    }

    /// Own votes bind for ever, and what this validator notarized above the snapshot may be nowhere else.
    func takeOver(from old: String, above view: View, _ manifest: SnapshotManifest) throws(SnapshotFault) {
        do {
            var options = KeyValueStore.Options()
            options.createsIfMissing = false
            let store = try KeyValueStore(path: old, options: options)
            defer { store.close() }
            guard let chain = try store.value(for: ChainTable.chain.key()), chain == manifest.chain.bytes else {
                throw SnapshotFault(.swap, "the store in \(old) belongs to another network")
            }
            guard let tip = try store.value(for: ChainTable.tip.key()).flatMap({ try? StoredTip(decoding: $0) }) else {
                throw SnapshotFault(.swap, "the store in \(old) has no tip")
            }
            guard tip.tip.record.height < manifest.height else {
                throw SnapshotFault(
                    .swap,
                    "the store in \(old) is at height \(tip.tip.record.height), the snapshot at \(manifest.height)")
            }
            let record = manifest.tip.record
            let epoch = record.endsEpoch ? record.epoch.next : record.epoch
            for table in [ChainTable.vote, .pendingBlock, .certificate] {
                for entry in try store.entries(in: .prefix([table.rawValue]), limit: .max)
                where table == .vote || View(bigEndian(entry.key[1..<9])) > view {
                    // What is of a validator epoch that has ended leads to nothing any more.
                    switch table {
                    case .pendingBlock where try Proposal(decoding: entry.value).header.epoch < epoch: continue
                    case .certificate where try Certificate(decoding: entry.value).ballot.epoch < epoch: continue
                    default: try put(entry.key, entry.value)
                    }
                }
            }
            try flush(synced: true)
        } catch let fault as SnapshotFault {
            throw fault
        } catch {
            let why = error as? KeyValueError == .locked ? "a node runs on it" : "\(error)"
            throw SnapshotFault(.swap, "the store in \(old), which holds the own votes, cannot be opened: \(why)")
        }
    }

    /// LevelDB syncs a log file only when a batch asks for it, and older ones not at all; on the way through an opening
    /// all of them become sorted files, which are synced.
    func settle() throws(SnapshotFault) {
        keys.close()
        do throws(KeyValueError) {
            keys = try KeyValueStore(path: path)
            keys.close()
        } catch {
            throw SnapshotFault(.store, "\(path) cannot be opened again: \(error)")
        }
    }
}
