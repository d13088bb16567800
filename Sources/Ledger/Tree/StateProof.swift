package import Primitives
package import Wire

/// Proof of what stands, or does not stand, under one key in a state root: `{v, end, siblings}`.
package struct StateProof: WireObject, Hashable {
    /// The tree is never deeper.
    package static let depthMax = 256

    /// What the path of the key leads to.
    package enum End: Hashable, Sendable {
        case empty
        /// The key's own leaf, or another whose key begins with the same bits.
        case leaf(TreeLeaf)
    }

    /// What a valid proof says.
    package enum Verdict: Equatable, Sendable {
        /// A value with this hash stands under the key.
        case present(Digest)
        case absent
    }

    package let end: End
    /// The hashes beside the path, from the root down; 32 zero bytes where nothing is.
    package let siblings: [Digest]

    package init(end: End, siblings: [Digest]) {
        self.end = end
        self.siblings = siblings
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        try reader.key("end")
        if reader.nullIfPresent() {
            end = .empty
        } else {
            let start = reader.offset
            guard try reader.arrayHeader(max: 2) == 2 else { throw .unexpectedType(at: start) }
            end = .leaf(TreeLeaf(key: try reader.identifier(), value: try reader.identifier()))
            reader.leave()
        }
        siblings = try reader.ids("siblings", max: Self.depthMax)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.key("end")
        switch end {
        case .empty: writer.null()
        case .leaf(let leaf):
            writer.arrayHeader(count: 2)
            writer.byteString(leaf.key)
            writer.byteString(leaf.value)
        }
        writer.field("siblings", ids: siblings)
    }

    /// What the proof says about `key` under `root`; nil when it proves nothing (rules LG-31 to LG-33).
    package func verdict(on key: StateKey, root: Digest, with hash: inout some Hashing) -> Verdict? {
        verdict(on: key.hashed(with: &hash), root: root, with: &hash)
    }

    func verdict(on key: Digest, root: Digest, with hash: inout some Hashing) -> Verdict? {
        guard siblings.count <= Self.depthMax else { return nil }
        // LG-32: a node above a lone leaf or above nothing would have been that leaf, or nothing.
        if siblings.last == .zero { return nil }
        var node: Digest
        switch end {
        case .empty: node = .zero
        case .leaf(let leaf):
            // LG-33: a leaf stands only where its own key leads.
            guard (0..<siblings.count).allSatisfy({ leaf.key.raw.bit($0) == key.raw.bit($0) }) else { return nil }
            node = leaf.hash(with: &hash)
        }
        for depth in siblings.indices.reversed() {
            node =
                key.raw.bit(depth)
                ? hash.digest(prefix: 0x01, siblings[depth], node) : hash.digest(prefix: 0x01, node, siblings[depth])
        }
        guard node == root else { return nil }
        if case .leaf(let leaf) = end, leaf.key == key { return .present(leaf.value) }
        return .absent
    }

    /// Whether exactly `value` stands under `key`; nil for `value` asks for absence.
    package func proves(
        _ value: [UInt8]?, under key: StateKey, root: Digest, with hash: inout some Hashing
    ) -> Bool {
        switch verdict(on: key, root: root, with: &hash) {
        case .present(let digest): value.map { hash.digest($0) == digest } ?? false
        case .absent: value == nil
        case nil: false
        }
    }
}

extension StateTree {
    /// The proof for `key`, whether something stands there or not.
    ///
    /// - Throws: `StateError` when a node has been pruned.
    package static func proof(
        of key: StateKey, in root: TreeChild?, from store: any StateView, with hash: inout some Hashing
    ) throws(StateError) -> StateProof {
        try proof(of: key.hashed(with: &hash), in: root, from: store, with: &hash)
    }

    static func proof(
        of key: Digest, in root: TreeChild?, from store: any StateView, with hash: inout some Hashing
    ) throws(StateError) -> StateProof {
        var siblings: [Digest] = []
        var path = NibblePath.root
        guard var child = root else { return StateProof(end: .empty, siblings: []) }
        while true {
            let place = TreeNodeKey(version: child.version, path: path)
            guard let node = try store.node(at: place) else { throw .nodeMissing(place) }
            guard case .inner(let inner) = node else {
                guard case .leaf(let leaf) = node else { throw .nodeMissing(place) }
                return StateProof(end: .leaf(leaf), siblings: siblings)
            }
            guard let slot = descend(inner, toward: key, depth: path.count, &siblings, with: &hash) else {
                return StateProof(end: .empty, siblings: siblings)
            }
            // A lone leaf may lie under another nibble than the key's: its path, not the key's, says where.
            path = path.appending(slot.nibble)
            child = slot.child
        }
    }

    /// Walks the four binary levels of one stored node, collecting siblings, to the child or lone leaf it ends at.
    private static func descend(
        _ inner: TreeInner, toward key: Digest, depth: Int, _ siblings: inout [Digest], with hash: inout some Hashing
    ) -> TreeInner.Slot? {
        let nibble = key.nibble(depth)
        var part = inner.slots[...]
        var width: UInt8 = 16
        while let first = part.first {
            if width == 1 || part.count == 1 && first.child.isLeaf { return first }
            let (left, right) = TreeInner.split(part, width: width)
            let goesRight = nibble & (width / 2) != 0
            siblings.append(TreeInner.fold(goesRight ? left : right, width: width / 2, with: &hash))
            part = goesRight ? right : left
            width /= 2
        }
        return nil
    }
}
