import Crypto
import Ledger
import Primitives
import Testing
import Wire

/// A small deterministic generator (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}

/// Stored tree nodes and nothing else.
struct NodeStore: StateView {
    var nodes: [TreeNodeKey: TreeNode] = [:]
    func value(for key: StateKey) -> [UInt8]? { nil }
    func memory(of id: TransactionID) -> ReplayMemory.Memory? { nil }
    func node(at key: TreeNodeKey) -> TreeNode? { nodes[key] }

    mutating func take(_ update: StateTree.Update) {
        nodes.merge(update.nodes) { _, new in new }
        for key in update.stale { nodes[key] = nil }
    }
}

/// The definition, written down as plainly as it can be: the tree over these leaves from bit `depth` on.
func naiveRoot(_ leaves: [TreeLeaf], depth: Int = 0, _ hash: inout SHA256) -> Digest {
    if leaves.isEmpty { return .zero }
    if leaves.count == 1 { return leaves[0].hash(with: &hash) }
    let left = naiveRoot(leaves.filter { !$0.key.raw.bit(depth) }, depth: depth + 1, &hash)
    let right = naiveRoot(leaves.filter { $0.key.raw.bit(depth) }, depth: depth + 1, &hash)
    return hash.digest([1] + left.bytes + right.bytes)
}

@Suite("The state tree")
struct StateTreeTests {
    /// Keys that share long prefixes, so that every depth occurs.
    private func crowdedKey(_ generator: inout SeededGenerator) -> Digest {
        let word = generator.next()
        let high: UInt64 = word & 3 == 0 ? 0 : word & 3 == 1 ? 0xff00 << 48 : word
        return Digest(raw: Bytes32(words: (high, word >> 60, 0, word >> 8 & 0xf)))
    }

    @Test("LG-24, LG-31: the root is that of the definition, whatever the order and the blocks", arguments: 0..<40)
    func orderDoesNotMatter(seed: Int) throws {
        var generator = SeededGenerator(state: UInt64(seed))
        var hash = SHA256()
        var reference: [Digest: Digest] = [:]
        var store = NodeStore()
        var root: TreeChild?
        for height in 1...12 {
            var changes: [Digest: Digest?] = [:]
            for _ in 0..<Int(generator.next() % 12) {
                let isRemoval = generator.next() % 3 == 0
                let old = reference.keys.sorted()
                let reuse = generator.next() % 2 == 0 && !old.isEmpty
                let key = reuse ? old[Int(generator.next() % UInt64(old.count))] : crowdedKey(&generator)
                changes.updateValue(isRemoval ? nil : digest(generator.next()), forKey: key)
            }
            for (key, value) in changes { reference[key] = value }
            let update = try StateTree.update(
                root, with: changes.map { StateTree.Change(key: $0.key, value: $0.value) },
                version: Height(UInt64(height)), in: store, with: &hash)
            store.take(update)
            root = update.root
            let leaves = reference.map { TreeLeaf(key: $0.key, value: $0.value) }
            #expect(update.rootHash == naiveRoot(leaves, &hash))
        }
        // Another order, in one block, makes the same root; and stale nodes really were stale.
        let fresh = try StateTree.update(
            nil, with: reference.map { StateTree.Change(key: $0.key, value: $0.value) }.shuffled(using: &generator),
            version: Height(1), in: NodeStore(), with: &hash)
        #expect(fresh.rootHash == root?.hash ?? .zero)
        #expect(store.nodes.count == fresh.nodes.count)
        let emptied = try StateTree.update(
            root, with: reference.keys.map { StateTree.Change(key: $0, value: nil) }, version: Height(99), in: store,
            with: &hash)
        store.take(emptied)
        #expect(emptied.root == nil)
        #expect(store.nodes.isEmpty)
    }

    @Test("A block that changes nothing writes nothing")
    func noChange() throws {
        var hash = SHA256()
        var store = NodeStore()
        let changes = (0..<50).map { StateTree.Change(key: hash.digest([$0]), value: digest(UInt64($0))) }
        let first = try StateTree.update(nil, with: changes, version: Height(1), in: store, with: &hash)
        store.take(first)
        let absent = StateTree.Change(key: digest(999), value: nil)
        let second = try StateTree.update(
            first.root, with: changes + [absent], version: Height(2), in: store, with: &hash)
        #expect(second.root == first.root)
        #expect(second.nodes.isEmpty)
        #expect(second.stale.isEmpty)
    }

    @Test("LG-33: every key proves its value, every other key its absence, and nothing proves the opposite")
    func proofs() throws {
        var hash = SHA256()
        var store = NodeStore()
        let keys = (0..<200).map { StateKey(.member, bytes32($0)) }
        let changes = keys.enumerated().map { index, key in
            StateTree.Change(key: key.hashed(with: &hash), value: hash.digest([UInt8(index)]))
        }
        let update = try StateTree.update(nil, with: changes, version: Height(1), in: store, with: &hash)
        store.take(update)
        let root = update.rootHash
        for (index, key) in keys.enumerated() {
            let proof = try StateTree.proof(of: key, in: update.root, from: store, with: &hash)
            #expect(proof.proves([UInt8(index)], under: key, root: root, with: &hash))
            #expect(!proof.proves([UInt8(index) &+ 1], under: key, root: root, with: &hash))
            #expect(!proof.proves(nil, under: key, root: root, with: &hash))
        }
        for number in UInt64(200)..<400 {
            let key = StateKey(.member, bytes32(number))
            let proof = try StateTree.proof(of: key, in: update.root, from: store, with: &hash)
            #expect(proof.proves(nil, under: key, root: root, with: &hash))
            #expect(!proof.proves(nil, under: keys[0], root: root, with: &hash))
        }
        let empty = try StateTree.proof(of: keys[0], in: nil, from: store, with: &hash)
        #expect(empty.proves(nil, under: keys[0], root: .zero, with: &hash))
    }

    @Test("LG-32, LG-33: malformed proofs prove nothing")
    func malformed() throws {
        var hash = SHA256()
        var store = NodeStore()
        let keys = (0..<64).map { StateKey(.member, bytes32($0)) }
        let changes = keys.map { StateTree.Change(key: $0.hashed(with: &hash), value: digest(1)) }
        let update = try StateTree.update(nil, with: changes, version: Height(1), in: store, with: &hash)
        store.take(update)
        let key = keys[5]
        let good = try StateTree.proof(of: key, in: update.root, from: store, with: &hash)
        func verdict(_ proof: StateProof, on key: StateKey? = nil) -> StateProof.Verdict? {
            proof.verdict(on: key ?? keys[5], root: update.rootHash, with: &hash)
        }
        #expect(verdict(good) == .present(digest(1)))
        let shapes: [(String, StateProof)] = [
            ("one sibling less", StateProof(end: good.end, siblings: Array(good.siblings.dropLast()))),
            ("one sibling more", StateProof(end: good.end, siblings: good.siblings + [digest(3)])),
            ("an empty deepest sibling", StateProof(end: good.end, siblings: good.siblings + [.zero])),
            ("the other way round", StateProof(end: good.end, siblings: good.siblings.reversed())),
            ("nothing where a leaf is", StateProof(end: .empty, siblings: good.siblings)),
            ("too deep", StateProof(end: good.end, siblings: [Digest](repeating: digest(1), count: 257))),
            ("no siblings", StateProof(end: good.end, siblings: [])),
        ]
        for (name, shape) in shapes { #expect(verdict(shape) == nil, "\(name)") }
        // An inner node's two halves dressed as a leaf: the first byte of the hash tells them apart.
        let swapped = good.siblings.indices.dropFirst().compactMap { index -> StateProof? in
            guard good.siblings[index] != good.siblings[index - 1] else { return nil }
            var siblings = good.siblings
            siblings.swapAt(index - 1, index)
            return StateProof(end: good.end, siblings: siblings)
        }
        for proof in swapped { #expect(verdict(proof) == nil) }
        let halves = StateProof(end: .leaf(TreeLeaf(key: good.siblings[0], value: digest(1))), siblings: [])
        #expect(verdict(halves) == nil)
        // A leaf that belongs elsewhere does not prove this key's absence.
        let strange = try StateTree.proof(of: keys[6], in: update.root, from: store, with: &hash)
        #expect(verdict(strange) != .absent)
        // LG-33: where the other leaf's path leaves this key's, it proves nothing at all.
        let (own, other) = (keys[5].hashed(with: &hash), keys[6].hashed(with: &hash))
        let common = (0..<256).first { own.raw.bit($0) != other.raw.bit($0) } ?? 256
        if strange.siblings.count > common { #expect(verdict(strange) == nil) }
        var tooMany = CBORWriter()
        StateProof(end: good.end, siblings: [Digest](repeating: digest(1), count: 257)).encode(into: &tooMany)
        #expect(throws: WireError.self) { try StateProof(decoding: tooMany.bytes) }
        try expectStrict(StateProof.self, good.encoded)
        try expectStrict(StateProof.self, StateProof(end: .empty, siblings: good.siblings).encoded)
    }

    @Test("A key is made of exactly the parts that its kind uses, and its kind has a name")
    func names() {
        for prefix in StatePrefix.allCases {
            #expect(StatePrefix(word: prefix.word) == prefix)
            for count in 0...3 {
                let parts = (1...3).prefix(count).map { bytes32(UInt64($0)) }
                let key = StateKey(prefix, parts: parts)
                #expect((key != nil) == (count == prefix.partCount))
                if let key { #expect(key.parts == parts) }
            }
        }
        #expect(StatePrefix.nextValidators.word == "next-validators")
        #expect(StatePrefix(word: "nothing") == nil)
    }

    @Test("Stored nodes and their keys have one form")
    func storedForms() throws {
        var hash = SHA256()
        let changes = (0..<200).map { StateTree.Change(key: hash.digest([UInt8($0)]), value: digest(UInt64($0))) }
        let update = try StateTree.update(nil, with: changes, version: Height(7), in: NodeStore(), with: &hash)
        for node in update.nodes.values {
            #expect(TreeNode(node.bytes) == node)
            #expect(TreeNode(Array(node.bytes.dropLast())) == nil)
            #expect(TreeNode(node.bytes + [0]) == nil)
        }
        #expect(Set(update.nodes.keys.map(\.bytes)).count == update.nodes.count)
        #expect(TreeNode([]) == nil)
        #expect(TreeNode([1, 0, 0, 0, 0]) == nil)
        let key = StateKey(.seal, digest(1), digest(2))
        #expect(StateKey(key.bytes) == key)
        #expect(key.bytes.count == StateKey.byteCount)
        #expect(StateKey([0xee] + key.bytes.dropFirst()) == nil)
    }

    @Test("A missing node is named, not guessed")
    func missingNode() throws {
        var hash = SHA256()
        let changes = (0..<20).map { StateTree.Change(key: hash.digest([UInt8($0)]), value: digest(1)) }
        let update = try StateTree.update(nil, with: changes, version: Height(1), in: NodeStore(), with: &hash)
        #expect(throws: StateError.nodeMissing(TreeNodeKey(version: Height(1), path: .root))) {
            try StateTree.proof(of: StateKey(.member), in: update.root, from: NodeStore(), with: &hash)
        }
    }
}
