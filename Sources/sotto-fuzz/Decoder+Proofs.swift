internal import Crypto
internal import Fuzzing
internal import Ledger
internal import Primitives
internal import Wire

/// Proofs that were genuine until somebody changed them: none may show what is not so.
extension Decoder {
    static let proofs: [Decoder] = [
        Decoder("tree-node", byteCountMax: 700) { bytes in
            guard let node = TreeNode(bytes) else { return }
            require(node.bytes == bytes, "another node was taken")
        },
        Decoder("state-key", byteCountMax: 80) { bytes in
            guard let key = StateKey(bytes) else { return }
            require(key.bytes == bytes, "another key was taken")
            require(StatePrefix(word: key.prefix.word) == key.prefix, "a kind is not known by its name")
        },
        // What a member sends to be put in a block, as admission reads it, on whatever chain it claims to be.
        Decoder("envelope") { bytes in
            guard let object = try? SignedObject(decoding: bytes),
                let chain = (try? Transaction(decoding: object.body))?.chain
            else { return }
            var hash = SHA256()
            let parsed = try? ParsedTransaction(bytes, chain: chain, limits: NetworkLimits(), with: &hash)
            require(parsed == nil || parsed?.envelope.encoded == bytes, "another envelope was taken")
        },
        // The first byte says whose proof it was, the second of whom it is to speak, the others what was changed.
        Decoder("state-verdict", byteCountMax: 64) { bytes in
            guard bytes.count >= 2 else { return }
            var alteration = Alteration(script: bytes.dropFirst(2))
            var encoded = grove.proofs[Int(bytes[0]) % grove.proofs.count].encoded
            if bytes[0] & 0x80 == 0 {
                while !alteration.isDone { encoded = alteration.change(encoded) }
            }
            guard var proof = try? StateProof(decoding: encoded) else { return }
            var siblings = proof.siblings
            while !alteration.isDone { siblings = alteration.change(siblings) { grove.digest($0) } }
            proof = StateProof(end: proof.end, siblings: siblings)
            let number = Int(bytes[1]) % grove.keys.count
            var hash = SHA256()
            guard let verdict = proof.verdict(on: grove.keys[number], root: grove.root, with: &hash) else { return }
            require(verdict == grove.truth(number), "the state's proof shows what is not so")
        },
        // Leaf and the index that it is to have, then the changes.
        Decoder("log-inclusion", byteCountMax: 64) { bytes in
            guard bytes.count >= 2 else { return }
            let (leaf, index) = (Int(bytes[0]) % wood.leaves.count, Int(bytes[1]) % wood.leaves.count)
            var hash = SHA256()
            var proof = MerkleTree.inclusionProof(of: leaf, in: wood.leaves[...], with: &hash) ?? []
            var alteration = Alteration(script: bytes.dropFirst(2))
            while !alteration.isDone { proof = alteration.change(proof) { wood.digest($0) } }
            let isIncluded = MerkleTree.isIncluded(
                wood.leaves[leaf], at: UInt64(index), size: UInt64(wood.leaves.count), proof: proof,
                root: wood.roots[wood.leaves.count], with: &hash)
            require(!isIncluded || leaf == index, "a leaf is shown where it is not")
        },
        // Two sizes, whose root the older is said to have, then the changes.
        Decoder("log-consistency", byteCountMax: 64) { bytes in
            guard bytes.count >= 3 else { return }
            let sizes = bytes.prefix(3).map { Int($0) % wood.roots.count }
            var hash = SHA256()
            guard
                var proof = try? LogTree.consistencyProof(
                    from: UInt64(sizes[0]), to: UInt64(sizes[1]), from: wood.log, with: &hash)
            else { return }
            var alteration = Alteration(script: bytes.dropFirst(3))
            while !alteration.isDone { proof = alteration.change(proof) { wood.digest($0) } }
            let isConsistent = MerkleTree.isConsistent(
                oldSize: UInt64(sizes[0]), oldRoot: wood.roots[sizes[2]], newSize: UInt64(sizes[1]),
                newRoot: wood.roots[sizes[1]], proof: proof, with: &hash)
            // Of no leaves everything is a continuation, whatever their root is said to be.
            require(!isConsistent || sizes[0] == sizes[2] || sizes[0] == 0, "another past is shown")
        },
    ]

    private static let grove = Grove()
    private static let wood = Wood()
}

/// A state with 24 values, and 24 keys more under which nothing stands.
private struct Grove: Sendable {
    let keys: [StateKey]
    let proofs: [StateProof]
    let root: Digest
    private let values: [Digest]

    init() {
        var hash = SHA256()
        let keys = (0..<48).map { StateKey(.call, hash.digest([UInt8($0)]).raw) }
        let values = (0..<24).map { hash.digest([1, UInt8($0)]) }
        let changes = zip(keys, values).map { StateTree.Change(key: $0.hashed(with: &hash), value: $1) }
        var store = Store()
        guard
            let update = try? StateTree.update(nil, with: changes, version: Height(1), in: store, with: &hash)
        else { preconditionFailure("a tree of 24 leaves is not built") }
        store.nodes = update.nodes
        self.keys = keys
        self.values = values
        root = update.rootHash
        proofs = keys.compactMap { try? StateTree.proof(of: $0, in: update.root, from: store, with: &hash) }
    }

    func truth(_ number: Int) -> StateProof.Verdict { number < 24 ? .present(values[number]) : .absent }

    /// Something to put in a proof: what stands in one, or nothing at all.
    func digest(_ value: UInt8) -> Digest {
        let siblings = proofs[Int(value) % proofs.count].siblings
        return siblings.isEmpty || value & 0x80 != 0 ? .zero : siblings[Int(value >> 3) % siblings.count]
    }

    private struct Store: StateView {
        var nodes: [TreeNodeKey: TreeNode] = [:]
        func value(for key: StateKey) -> [UInt8]? { nil }
        func memory(of id: TransactionID) -> ReplayMemory.Memory? { nil }
        func node(at key: TreeNodeKey) -> TreeNode? { nodes[key] }
    }
}

/// A log of 41 leaves and its roots from the first one on.
private struct Wood: Sendable {
    let leaves: [Digest]
    let roots: [Digest]
    let log: MemoryLog

    init() {
        var hash = SHA256()
        let leaves = (0..<41).map { MerkleTree.leafHash([UInt8($0)], with: &hash) }
        var log = MemoryLog()
        var frontier = MerkleFrontier()
        var roots = [frontier.root(with: &hash)]
        for leaf in leaves {
            log.store(LogTree.append(leaf, to: &frontier, with: &hash))
            roots.append(frontier.root(with: &hash))
        }
        self.leaves = leaves
        self.roots = roots
        self.log = log
    }

    /// Something to put in a proof: a root or a leaf.
    func digest(_ value: UInt8) -> Digest {
        value & 0x80 == 0 ? roots[Int(value) % roots.count] : leaves[Int(value) % leaves.count]
    }
}
