package import Primitives

/// The state tree: a sparse Merkle tree over hashed keys, so that any fact and any absence has a short proof.
///
/// The tree is binary and 256 levels deep in principle: bit i of SHA-256(key) says whether to go left or right at
/// level i. A leaf hashes as H(0x00 ‖ key hash ‖ value hash), an inner node as H(0x01 ‖ left ‖ right), nothing as 32
/// zero bytes. A subtree that holds exactly one leaf *is* that leaf, so paths are as long as keys need to differ, about
/// log2 n. The shape, and so the root, follows from the set of leaves alone, never from the order of writing.
///
/// Why no proof can lie: leaf and inner hashes differ in their first byte, and both have a fixed length, so neither
/// can be read as the other; a leaf's hash holds its whole hashed key, so a leaf moved to another depth or branch still
/// says where it belongs; that a hash comes out as 32 zero bytes is as hard as any other preimage.
///
/// Stored nodes are 16-ary, four binary levels each, under (height of writing, path). A block's update writes new
/// nodes along the changed paths, leaves the old ones in place, and lists them as stale, for pruning once no reader
/// needs that version. Idea: the Jellyfish Merkle tree (Gao, Hu, Wu 2021), with hash rules of its own.
package struct StateTree {
    /// A key's new value hash; nil removes the key.
    package struct Change: Hashable, Sendable {
        package let key: Digest
        package let value: Digest?

        package init(key: Digest, value: Digest?) {
            self.key = key
            self.value = value
        }
    }

    /// What an update did.
    package struct Update: Equatable, Sendable {
        /// The tree after it; nil when it is empty.
        package let root: TreeChild?
        package let nodes: [TreeNodeKey: TreeNode]
        /// Nodes of the parent's tree that this one does without.
        package let stale: [TreeNodeKey]
        /// What was asked for, in ascending order of keys.
        package let changes: [Change]

        package var rootHash: Digest { root?.hash ?? .zero }
    }

    /// A subtree while it is put together. A leaf is stored only when it is known how high it ends up.
    private enum Subtree {
        case empty
        /// `stored` is where it lies already, if it does.
        case leaf(TreeLeaf, stored: TreeNodeKey?)
        /// Stored where it belongs: an inner node, or a child that no change touched.
        case inner(TreeChild)
    }

    private let version: Height
    private let store: any StateView
    private var nodes: [TreeNodeKey: TreeNode] = [:]
    private var stale: [TreeNodeKey] = []

    /// Applies a block's changes to the tree `root`. `version` must be above that of every node in it.
    ///
    /// - Throws: `StateError` when the store lacks a node.
    package static func update(
        _ root: TreeChild?, with changes: [Change], version: Height, in store: any StateView,
        with hash: inout some Hashing
    ) throws(StateError) -> Update {
        var tree = StateTree(version: version, store: store)
        let sorted = changes.sorted { $0.key < $1.key }
        let result = try tree.apply(sorted[...], to: root, at: .root, with: &hash)
        let newRoot = try tree.place(result, at: .root, with: &hash)
        return Update(root: newRoot, nodes: tree.nodes, stale: tree.stale.sorted(), changes: sorted)
    }

    private init(version: Height, store: any StateView) {
        self.version = version
        self.store = store
    }

    /// The subtree at `path` after the changes that lie in it. Changes are sorted, no key twice.
    private mutating func apply(
        _ changes: ArraySlice<Change>, to child: TreeChild?, at path: NibblePath, with hash: inout some Hashing
    ) throws(StateError) -> Subtree {
        guard let child else { return try build(changes.filter { $0.value != nil }[...], at: path, with: &hash) }
        let key = TreeNodeKey(version: child.version, path: path)
        switch try node(key) {
        case .leaf(let leaf): return try apply(changes, to: leaf, storedAt: key, with: &hash)
        case .inner(let inner): return try apply(changes, to: inner, child, storedAt: key, with: &hash)
        }
    }

    private mutating func apply(
        _ changes: ArraySlice<Change>, to leaf: TreeLeaf, storedAt key: TreeNodeKey, with hash: inout some Hashing
    ) throws(StateError) -> Subtree {
        let touched = changes.first { $0.key == leaf.key }
        var remaining = changes.filter { $0.value != nil }
        if touched == nil || touched?.value == leaf.value {
            if remaining.count == (touched == nil ? 0 : 1) { return .leaf(leaf, stored: key) }
            if touched == nil {
                let place = remaining.firstIndex { $0.key > leaf.key } ?? remaining.endIndex
                remaining.insert(Change(key: leaf.key, value: leaf.value), at: place)
            }
        }
        stale.append(key)
        return try build(remaining[...], at: key.path, with: &hash)
    }

    private mutating func apply(
        _ changes: ArraySlice<Change>, to inner: TreeInner, _ child: TreeChild, storedAt key: TreeNodeKey,
        with hash: inout some Hashing
    ) throws(StateError) -> Subtree {
        var parts: [(nibble: UInt8, subtree: Subtree)] = []
        var isChanged = false
        var rest = changes
        for nibble in UInt8(0)..<16 {
            let part = Self.take(nibble, at: key.path.count, from: &rest)
            let old = inner.slots.first { $0.nibble == nibble }?.child
            if part.isEmpty {
                // A leaf among them is not read unless it turns out to be the last one.
                if let old { parts.append((nibble, .inner(old))) }
                continue
            }
            let path = key.path.appending(nibble)
            let result = try apply(part, to: old, at: path, with: &hash)
            if !isSame(result, old, at: path) { isChanged = true }
            if case .empty = result { continue }
            parts.append((nibble, result))
        }
        if !isChanged { return .inner(child) }
        stale.append(key)
        return try assemble(parts, at: key.path, with: &hash)
    }

    /// A subtree made of these values alone.
    private mutating func build(
        _ changes: ArraySlice<Change>, at path: NibblePath, with hash: inout some Hashing
    ) throws(StateError) -> Subtree {
        guard let first = changes.first else { return .empty }
        if changes.count == 1, let value = first.value {
            return .leaf(TreeLeaf(key: first.key, value: value), stored: nil)
        }
        var parts: [(nibble: UInt8, subtree: Subtree)] = []
        var rest = changes
        while let next = rest.first {
            let nibble = next.key.nibble(path.count)
            let part = Self.take(nibble, at: path.count, from: &rest)
            parts.append((nibble, try build(part, at: path.appending(nibble), with: &hash)))
        }
        return try assemble(parts, at: path, with: &hash)
    }

    /// An inner node of these parts, or the one leaf that is left of it.
    private mutating func assemble(
        _ parts: [(nibble: UInt8, subtree: Subtree)], at path: NibblePath, with hash: inout some Hashing
    ) throws(StateError) -> Subtree {
        guard let only = parts.first else { return .empty }
        if parts.count == 1 {
            switch only.subtree {
            case .leaf: return only.subtree
            case .inner(let child) where child.isLeaf:
                let key = TreeNodeKey(version: child.version, path: path.appending(only.nibble))
                guard case .leaf(let leaf) = try node(key) else { throw .nodeMissing(key) }
                return .leaf(leaf, stored: key)
            case .inner, .empty: break
            }
        }
        var slots: [TreeInner.Slot] = []
        for (nibble, subtree) in parts {
            guard let child = try place(subtree, at: path.appending(nibble), with: &hash) else { continue }
            slots.append(TreeInner.Slot(nibble: nibble, child: child))
        }
        let inner = TreeInner(slots)
        nodes[TreeNodeKey(version: version, path: path)] = .inner(inner)
        return .inner(TreeChild(version: version, hash: inner.hash(with: &hash), isLeaf: false))
    }

    /// Stores what is not stored yet at `path` and says how to refer to it.
    private mutating func place(
        _ subtree: Subtree, at path: NibblePath, with hash: inout some Hashing
    ) throws(StateError) -> TreeChild? {
        switch subtree {
        case .empty: return nil
        case .inner(let child): return child
        case .leaf(let leaf, let stored):
            if let stored {
                if stored.path == path {
                    return TreeChild(version: stored.version, hash: leaf.hash(with: &hash), isLeaf: true)
                }
                stale.append(stored)
            }
            nodes[TreeNodeKey(version: version, path: path)] = .leaf(leaf)
            return TreeChild(version: version, hash: leaf.hash(with: &hash), isLeaf: true)
        }
    }

    private func isSame(_ result: Subtree, _ old: TreeChild?, at path: NibblePath) -> Bool {
        switch result {
        case .empty: old == nil
        case .inner(let child): child == old
        case .leaf(_, let stored): stored?.path == path
        }
    }

    private func node(_ key: TreeNodeKey) throws(StateError) -> TreeNode {
        guard let node = try store.node(at: key) else { throw .nodeMissing(key) }
        return node
    }

    /// Cuts the changes with this nibble at this depth off the front of a sorted list.
    private static func take(_ nibble: UInt8, at depth: Int, from rest: inout ArraySlice<Change>) -> ArraySlice<Change>
    {
        let end = rest.firstIndex { $0.key.nibble(depth) != nibble } ?? rest.endIndex
        defer { rest = rest[end...] }
        return rest[..<end]
    }
}
