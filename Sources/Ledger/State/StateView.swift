package import Primitives

/// Why the state could not be read. Never the fault of a transaction: a node that meets one must stop and say so.
package enum StateError: Error, Equatable, Sendable {
    /// A tree node that the state refers to is not in the store.
    case nodeMissing(TreeNodeKey)
    /// A stored value does not decode.
    case unreadable(StateKey)
    /// A stored hash of the log is missing.
    case logHashMissing(level: Int, index: UInt64)
    /// The store itself failed; it has said why to its owner.
    case storeFailed
}

/// The state after some block, read synchronously: the store after the last finalised block, or an overlay over it.
package protocol StateView: Sendable {
    /// The value under `key`, nil when there is none.
    func value(for key: StateKey) throws(StateError) -> [UInt8]?
    /// What is remembered of a transaction. There for every one whose `until` has not passed; for others it depends on
    /// how much is final here, so that whoever decides by it looks at `until`.
    func memory(of id: TransactionID) throws(StateError) -> ReplayMemory.Memory?
    /// A node of the state tree, nil when it is not stored.
    func node(at key: TreeNodeKey) throws(StateError) -> TreeNode?
}

/// The state after a block that is not final: the blocks since the last finalised one, over the store. The shell makes
/// one for each execution, so that no block keeps its ancestors in memory.
package struct OverlayView: StateView {
    /// The unfinalised ancestors, newest first.
    private let layers: [ExecutedBlock]
    private let base: any StateView

    package init(_ layers: [ExecutedBlock], over base: any StateView) {
        self.layers = layers
        self.base = base
    }

    package func value(for key: StateKey) throws(StateError) -> [UInt8]? {
        for layer in layers {
            if let written = layer.writes[key] { return written }
        }
        return try base.value(for: key)
    }

    package func memory(of id: TransactionID) throws(StateError) -> ReplayMemory.Memory? {
        for layer in layers {
            if let memory = layer.memories[id] { return memory }
        }
        return try base.memory(of: id)
    }

    package func node(at key: TreeNodeKey) throws(StateError) -> TreeNode? {
        for layer in layers {
            if let node = layer.tree.nodes[key] { return node }
        }
        return try base.node(at: key)
    }
}

/// A state in memory: for tests, the simulator, and `verify`, which rebuilds a state from genesis.
package struct MemoryState: StateView {
    package private(set) var values: [StateKey: [UInt8]] = [:]
    package private(set) var memory = ReplayMemory()
    package private(set) var nodes: [TreeNodeKey: TreeNode] = [:]

    package init() {}

    package func value(for key: StateKey) -> [UInt8]? { values[key] }
    package func memory(of id: TransactionID) -> ReplayMemory.Memory? { memory.memory(of: id) }
    package func node(at key: TreeNodeKey) -> TreeNode? { nodes[key] }

    /// Takes over what a finalised block wrote, and forgets what it made stale.
    package mutating func commit(_ block: ExecutedBlock) {
        for (key, value) in block.writes { values[key] = value }
        for (key, node) in block.tree.nodes { nodes[key] = node }
        for key in block.tree.stale { nodes[key] = nil }
        memory.remember(block)
    }
}
