import Crypto
import KeyValue
import Ledger
import Primitives
import Synchronization

/// How the state tree lies on the disk: one version whole, and what changed since. See ``TreeWindow``.
///
/// An archive keeps every node of every version instead, each written with its block, with a mark of the height that
/// did without it, in case the store becomes a full node's one day.
extension ChainStore {
    /// Puts what a block did to the tree into the batch that makes it final. Its nodes can be read from now on.
    func add(_ update: StateTree.Update, at height: Height, to batch: inout WriteBatch) {
        // The genesis block's tree is the first that is settled.
        guard settings.role == .full, height > .zero else {
            for (key, node) in update.nodes { batch.put(ChainTable.treeNode.key(key.bytes), node.bytes) }
            return mark(update.stale, at: height, &batch)
        }
        batch.put(ChainTable.treeChange.key(height), Self.bytes(of: update.changes))
        tree.withLock { $0.add(update, at: height) }
    }

    /// Puts what must be settled now into the batch. When that is written, tell the window: `settle`.
    func settleTree(_ batch: inout WriteBatch) -> TreeWindow.Settlement? {
        guard settings.role == .full else { return nil }
        let due = tree.withLock { $0.due(keeping: settings.keepState, nodeCountMax: settings.treeNodeCountMax) }
        guard let due else { return nil }
        for (key, node) in due.written { batch.put(ChainTable.treeNode.key(key.bytes), node.bytes) }
        for key in due.deleted { batch.delete(ChainTable.treeNode.key(key.bytes)) }
        for height in due.heights { batch.delete(ChainTable.treeChange.key(height)) }
        batch.put(ChainTable.settledTree.key(), due.version.bytes)
        return due
    }

    /// A node that is not settled yet.
    func newNode(at key: TreeNodeKey) -> TreeNode? { tree.withLock { $0.node(at: key) } }

    /// Builds the nodes of the newest versions from what changed in them, and brings the store into the form of its
    /// role.
    func loadTree() throws(ChainStoreError) {
        let tip = try storedTip().tip
        let newest = TreeWindow.Version(height: tip.record.height, root: tip.state)
        let settled = try read(.settledTree, ChainTable.settledTree.key()) { TreeWindow.Version($0) }
        tree.withLock { $0 = TreeWindow(settled: settled ?? newest) }
        var hash = SHA256()
        for entry in try entries(.prefix([ChainTable.treeChange.rawValue]), limit: .max) {
            let version = tree.withLock { $0.newest }
            let height = Height(bigEndian(entry.key.dropFirst()))
            guard height == version.height.next, let changes = Self.changes(from: entry.value),
                let update = try? StateTree.update(version.root, with: changes, version: height, in: self, with: &hash)
            else { throw .damaged(ChainTable.treeChange.name) }
            tree.withLock { $0.add(update, at: height) }
        }
        guard tree.withLock({ $0.newest }) == newest else { throw .damaged(ChainTable.treeChange.name) }
        switch settings.role {
        case .archive: try keepEveryVersion(settled)
        case .full: try keepNewestVersions(settled)
        }
    }

    private func keepEveryVersion(_ settled: TreeWindow.Version?) throws(ChainStoreError) {
        guard settled != nil else { return }
        let (all, newest) = tree.withLock { ($0.all, $0.newest) }
        var batch = WriteBatch()
        for block in all {
            for (key, node) in block.nodes { batch.put(ChainTable.treeNode.key(key.bytes), node.bytes) }
            mark(block.stale, at: block.height, &batch)
            batch.delete(ChainTable.treeChange.key(block.height))
        }
        batch.delete(ChainTable.settledTree.key())
        try write(batch, synced: true)
        tree.withLock { $0 = TreeWindow(settled: newest) }
    }

    /// Old versions that an archive kept, or a store of an older layout, go.
    private func keepNewestVersions(_ settled: TreeWindow.Version?) throws(ChainStoreError) {
        if settled == nil {
            var batch = WriteBatch()
            batch.put(ChainTable.settledTree.key(), tree.withLock { $0.settled }.bytes)
            try write(batch, synced: true)
        }
        while case let marks = try entries(.prefix([ChainTable.staleNode.rawValue]), limit: 4_096), !marks.isEmpty {
            var batch = WriteBatch()
            for entry in marks {
                batch.delete(entry.key)
                batch.delete(ChainTable.treeNode.key(Array(entry.key[9...])))
            }
            try write(batch, synced: true)
        }
    }

    private func mark(_ stale: [TreeNodeKey], at height: Height, _ batch: inout WriteBatch) {
        for key in stale { batch.put(ChainTable.staleNode.key(bigEndian(height.rawValue), key.bytes), []) }
    }

    // MARK: Forms

    /// For each change the key's hash, a byte that is 1 if there is a value, and then the value's hash.
    private static func bytes(of changes: [StateTree.Change]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(65 * changes.count)
        for change in changes {
            change.key.raw.append(to: &output)
            output.append(change.value == nil ? 0 : 1)
            change.value?.raw.append(to: &output)
        }
        return output
    }

    private static func changes(from bytes: [UInt8]) -> [StateTree.Change]? {
        var changes: [StateTree.Change] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let key = Digest(rest.prefix(32)) else { return nil }
            rest = rest.dropFirst(32)
            switch rest.popFirst() {
            case 0: changes.append(StateTree.Change(key: key, value: nil))
            case 1:
                guard let value = Digest(rest.prefix(32)) else { return nil }
                rest = rest.dropFirst(32)
                changes.append(StateTree.Change(key: key, value: value))
            default: return nil
            }
        }
        return changes
    }
}

extension TreeWindow.Version {
    /// The height; then, unless the tree is empty, the root's version, whether it is a leaf, and its hash.
    var bytes: [UInt8] {
        guard let root else { return bigEndian(height.rawValue) }
        return bigEndian(height.rawValue) + bigEndian(root.version.rawValue) + [root.isLeaf ? 1 : 0] + root.hash.bytes
    }

    init?(_ bytes: [UInt8]) {
        guard bytes.count == 8 || bytes.count == 49 else { return nil }
        height = Height(bigEndian(bytes[..<8]))
        guard bytes.count == 49 else {
            root = nil
            return
        }
        guard bytes[16] <= 1, let hash = Digest(bytes[17...]) else { return nil }
        root = TreeChild(version: Height(bigEndian(bytes[8..<16])), hash: hash, isLeaf: bytes[16] == 1)
    }
}
