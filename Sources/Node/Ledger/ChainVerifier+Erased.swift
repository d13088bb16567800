import Crypto
import Ledger
import Primitives

/// What can be checked of a block some of whose transactions were erased.
extension ChainVerifier {
    /// What is left of the block against the record's roots and the log; and that an erasure, which stands in the
    /// state, accounts for each transaction that is missing. Whether a missing transaction was of what was erased only
    /// whoever has its body can tell; its envelope id and its result are what they were.
    mutating func checkRemnant(_ head: StoredHead, from firstLeaf: UInt64) throws(Fault) {
        let height = head.record.height
        func fault(_ what: String) -> Fault { Fault(height: height, what: what) }
        guard let remnant = try? store.remnant(at: height) else {
            throw fault("what is left of the block cannot be read")
        }
        guard UInt64(remnant.slots.count) == head.record.logSize - firstLeaf else {
            throw fault("what is left of the block is not of the record's transactions")
        }
        var results: [Digest] = []
        for (index, slot) in remnant.slots.enumerated() {
            let leaf = remnant.leaf(index, at: height, with: &hash)
            guard
                (try? store.logHash(level: 0, index: firstLeaf + UInt64(index)))
                    == MerkleTree.leafHash(leaf.bytes, with: &hash)
            else { throw fault("transaction \(index) or its result is not the log's") }
            let id: TransactionID
            switch slot {
            case .whole(let bytes):
                guard
                    let parsed = try? ParsedTransaction(
                        bytes, chain: rules.chain, limits: rules.genesis.limits, with: &hash),
                    verifier.verified(parsed, in: rules.chain) != nil
                else { throw fault("transaction \(index) is malformed or badly signed") }
                report.signatures += UInt64(parsed.signatureChecks(in: rules.chain)?.count ?? 0)
                report.transactions += 1
                id = parsed.id
            case .erased(let gap):
                guard (try? gap.subject.covers(height, in: store)) == true else {
                    throw fault("transaction \(index) is missing, and no erasure covers it")
                }
                report.erasedTransactions += 1
                id = gap.id
            }
            results.append(MerkleTree.leafHash(ResultLeaf.bytes(id, code: remnant.codes[index]), with: &hash))
        }
        guard MerkleTree.root(of: results, with: &hash) == head.record.resultsRoot else {
            throw fault("the stored result codes are not the record's")
        }
        report.erasedBlocks += 1
    }
}
