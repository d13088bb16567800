import Crypto
import Ledger
import Primitives
import Testing
import Wire

@Suite("The one log")
struct LogTreeTests {
    private func grow(_ count: UInt64) -> (leaves: [Digest], log: MemoryLog, frontiers: [MerkleFrontier]) {
        var hash = SHA256()
        var log = MemoryLog()
        var frontier = MerkleFrontier()
        var leaves: [Digest] = []
        var frontiers = [frontier]
        for number in 0..<count {
            let leaf = MerkleTree.leafHash([UInt8(truncatingIfNeeded: number)], with: &hash)
            leaves.append(leaf)
            log.store(LogTree.append(leaf, to: &frontier, with: &hash))
            frontiers.append(frontier)
        }
        return (leaves, log, frontiers)
    }

    @Test("Growing and stored hashes give the roots of RFC 9162")
    func roots() throws {
        var hash = SHA256()
        let (leaves, log, frontiers) = grow(70)
        for size in 0...70 {
            let root = MerkleTree.root(of: leaves[..<size], with: &hash)
            #expect(frontiers[size].root(with: &hash) == root)
            #expect(try LogTree.root(size: UInt64(size), from: log, with: &hash) == root)
        }
    }

    @Test("Every leaf of every size has the proof of RFC 9162 section 2.1.3, and it checks")
    func inclusion() throws {
        var hash = SHA256()
        let (leaves, log, frontiers) = grow(33)
        for size in 1...33 {
            for index in 0..<size {
                let proof = try #require(
                    try LogTree.inclusionProof(of: UInt64(index), size: UInt64(size), from: log, with: &hash))
                #expect(proof == MerkleTree.inclusionProof(of: index, in: leaves[..<size], with: &hash))
                #expect(
                    MerkleTree.isIncluded(
                        leaves[index], at: UInt64(index), size: UInt64(size), proof: proof,
                        root: frontiers[size].root(with: &hash), with: &hash))
            }
        }
        #expect(try LogTree.inclusionProof(of: 33, size: 33, from: log, with: &hash) == nil)
    }

    @Test("Every size is consistent with every larger one, and with no other root")
    func consistency() throws {
        var hash = SHA256()
        let (_, log, frontiers) = grow(33)
        for new in 0...33 {
            for old in 0...new {
                let (oldRoot, newRoot) = (frontiers[old].root(with: &hash), frontiers[new].root(with: &hash))
                let proof = try #require(
                    try LogTree.consistencyProof(from: UInt64(old), to: UInt64(new), from: log, with: &hash))
                func holds(_ oldRoot: Digest, _ newRoot: Digest, _ proof: [Digest]) -> Bool {
                    MerkleTree.isConsistent(
                        oldSize: UInt64(old), oldRoot: oldRoot, newSize: UInt64(new), newRoot: newRoot, proof: proof,
                        with: &hash)
                }
                #expect(holds(oldRoot, newRoot, proof))
                guard old > 0, old < new else { continue }
                #expect(!holds(digest(1), newRoot, proof))
                #expect(!holds(oldRoot, digest(1), proof))
                #expect(!holds(oldRoot, newRoot, proof + [digest(1)]))
                #expect(!holds(oldRoot, newRoot, Array(proof.dropLast())))
            }
        }
        #expect(try LogTree.consistencyProof(from: 4, to: 3, from: log, with: &hash) == nil)
    }

    @Test("A missing hash is named")
    func missing() {
        var hash = SHA256()
        #expect(throws: StateError.logHashMissing(level: 1, index: 0)) {
            try LogTree.root(size: 2, from: MemoryLog(), with: &hash)
        }
    }

    @Test("A leaf has 47 bytes and one form")
    func leafForm() {
        let leaf = LogLeaf(height: Height(0x0102), index: 0x0304, envelope: digest(5), code: 0x0102)
        #expect(leaf.bytes.count == LogLeaf.byteCount)
        #expect(Hex.encode(leaf.bytes.prefix(13)) == "01000000000000010200000304")
        #expect(Hex.encode(leaf.bytes.suffix(2)) == "0102")
        #expect(LogLeaf(leaf.bytes) == leaf)
        #expect(LogLeaf(leaf.bytes + [0]) == nil)
        #expect(LogLeaf(Array(leaf.bytes.dropLast())) == nil)
        #expect(LogLeaf([2] + leaf.bytes.dropFirst()) == nil)
    }
}
