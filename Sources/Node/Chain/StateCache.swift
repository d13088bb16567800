import Ledger
import Primitives
import Synchronization

/// The newest finalised state as the chain's thread reads it: the store, with what was read or written lately kept in
/// memory, absences too, since every new fact is looked for before it is written. Of the state tree that is the settled
/// part: the store has the newer nodes in memory itself.
///
/// Bounded by two generations of each kind: when the younger is full, the older is forgotten. Only the chain's thread
/// may use it, because a read from another could put back what a commit has just replaced.
final class StateCache: StateView {
    /// Entries in one generation: a few hundred bytes each.
    static let valuesMax = 32_768
    static let nodesMax = 16_384

    private struct Generations<Key: Hashable & Sendable, Value: Sendable>: Sendable {
        let countMax: Int
        var younger: [Key: Value] = [:]
        var older: [Key: Value] = [:]

        mutating func find(_ key: Key) -> Value? {
            if let value = younger[key] { return value }
            guard let value = older.removeValue(forKey: key) else { return nil }
            put(key, value)
            return value
        }

        mutating func put(_ key: Key, _ value: Value) {
            if younger.count >= countMax {
                older = younger
                younger = Dictionary(minimumCapacity: countMax)
            }
            younger[key] = value
        }

        mutating func remove(_ key: Key) {
            younger[key] = nil
            older[key] = nil
        }
    }

    private struct Kept: Sendable {
        var values = Generations<StateKey, [UInt8]?>(countMax: StateCache.valuesMax)
        var nodes = Generations<TreeNodeKey, TreeNode>(countMax: StateCache.nodesMax)
    }

    private let store: ChainStore
    private let kept = Mutex(Kept())

    init(_ store: ChainStore) { self.store = store }

    func value(for key: StateKey) throws(StateError) -> [UInt8]? {
        if let value = kept.withLock({ $0.values.find(key) }) { return value }
        let value = try store.value(for: key)
        kept.withLock { $0.values.put(key, value) }
        return value
    }

    func memory(of id: TransactionID) throws(StateError) -> ReplayMemory.Memory? { try store.memory(of: id) }

    func node(at key: TreeNodeKey) throws(StateError) -> TreeNode? {
        if let node = store.newNode(at: key) ?? kept.withLock({ $0.nodes.find(key) }) { return node }
        guard let node = try store.node(at: key) else { return nil }
        kept.withLock { $0.nodes.put(key, node) }
        return node
    }

    /// Takes over what a block wrote that has just become final.
    func committed(_ block: ExecutedBlock) {
        kept.withLock { kept in
            for (key, value) in block.writes { kept.values.put(key, value) }
            // Elsewhere new nodes are in the store's own memory.
            if store.settings.role == .archive {
                for (key, node) in block.tree.nodes { kept.nodes.put(key, node) }
            }
            for key in block.tree.stale { kept.nodes.remove(key) }
        }
    }
}
