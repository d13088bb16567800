import Consensus
package import Crypto
import Ledger
package import Primitives
package import RPC
import Wire

/// That the log of one size is the beginning of that of a later size, and both the beginning of a final record's: the
/// roots, and two proofs of RFC 9162 section 2.1.4.
package struct LogConsistency: Sendable, Equatable {
    package let fromRoot: Digest
    package let toRoot: Digest
    /// From the old to the new size.
    package let path: [Digest]
    /// From the new size to the log of `proven`.
    package let anchor: [Digest]
    package let proven: ProvenRecord

    package init(fromRoot: Digest, toRoot: Digest, path: [Digest], anchor: [Digest], proven: ProvenRecord) {
        self.fromRoot = fromRoot
        self.toRoot = toRoot
        self.path = path
        self.anchor = anchor
        self.proven = proven
    }

    /// Whether it holds for these sizes, in a record that a trail has judged.
    package func check(from: UInt64, to: UInt64, with hash: inout SHA256) throws(ProofFault) {
        let record = proven.record
        guard
            MerkleTree.isConsistent(
                oldSize: from, oldRoot: fromRoot, newSize: to, newRoot: toRoot, proof: path, with: &hash),
            MerkleTree.isConsistent(
                oldSize: to, oldRoot: toRoot, newSize: record.logSize, newRoot: record.logRoot, proof: anchor,
                with: &hash), from > 0 || fromRoot == MerkleTree.root(of: [], with: &hash),
            to > 0 || toRoot == MerkleTree.root(of: [], with: &hash)
        else { throw .logNotExtended }
    }

    package var json: JSONValue {
        [
            "fromRoot": .string(fromRoot.hex), "toRoot": .string(toRoot.hex),
            "path": .list(path.map { .string($0.hex) }), "anchor": .list(anchor.map { .string($0.hex) }),
            "proven": .string(Hex.encode(proven.encoded)),
        ]
    }

    /// Nil unless this is what `json` makes.
    package init?(json: JSONValue) {
        func digests(_ name: String) -> [Digest]? {
            guard let list = json[name]?.list, list.count <= 128 else { return nil }
            let digests = list.compactMap { $0.string.flatMap { Digest(hex: $0) } }
            return digests.count == list.count ? digests : nil
        }
        guard let fromRoot = json["fromRoot"]?.string.flatMap({ Digest(hex: $0) }),
            let toRoot = json["toRoot"]?.string.flatMap({ Digest(hex: $0) }), let path = digests("path"),
            let anchor = digests("anchor"), let bytes = json["proven"]?.string.flatMap({ Hex.decode($0) }),
            let proven = try? ProvenRecord(decoding: bytes)
        else { return nil }
        self.init(fromRoot: fromRoot, toRoot: toRoot, path: path, anchor: anchor, proven: proven)
    }
}

extension ChainStore {
    /// The proof for two sizes that the log of `proven` has reached; nil when the store lacks a hash.
    func consistency(from old: UInt64, to new: UInt64, in proven: ProvenRecord) -> LogConsistency? {
        var hash = SHA256()
        guard let fromRoot = try? LogTree.root(size: old, from: self, with: &hash),
            let toRoot = try? LogTree.root(size: new, from: self, with: &hash),
            let path = try? LogTree.consistencyProof(from: old, to: new, from: self, with: &hash),
            let anchor = try? LogTree.consistencyProof(from: new, to: proven.record.logSize, from: self, with: &hash)
        else { return nil }
        return LogConsistency(fromRoot: fromRoot, toRoot: toRoot, path: path, anchor: anchor, proven: proven)
    }
}
