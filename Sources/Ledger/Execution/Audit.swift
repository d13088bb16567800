package import Primitives
import Wire

/// Re-checks a record against its transactions without executing them, and without any state: for auditors, for sync
/// of pruned stretches, and for `verify`, which executes besides.
package enum Audit {
    /// RFC 9162 root over the envelope ids (the digests of their CIDs), in order (rule LG-23).
    package static func transactionRoot(_ transactions: [ParsedTransaction], with hash: inout some Hashing) -> Digest {
        var frontier = MerkleFrontier()
        for transaction in transactions {
            frontier.append(MerkleTree.leafHash(transaction.envelopeID.digest.bytes, with: &hash), with: &hash)
        }
        return frontier.root(with: &hash)
    }

    /// RFC 9162 root over `ResultLeaf`s, in order.
    package static func resultsRoot(
        _ transactions: [ParsedTransaction], _ results: [TransactionResult], with hash: inout some Hashing
    ) -> Digest {
        var frontier = MerkleFrontier()
        for (transaction, result) in zip(transactions, results) {
            let leaf = ResultLeaf.bytes(transaction.id, code: result.code)
            frontier.append(MerkleTree.leafHash(leaf, with: &hash), with: &hash)
        }
        return frontier.root(with: &hash)
    }

    /// Appends a block's leaves to the log and gives the hashes to store.
    package static func append(
        _ transactions: [ParsedTransaction], _ results: [TransactionResult], at height: Height,
        to log: inout MerkleFrontier, with hash: inout some Hashing
    ) -> [LogNode] {
        var nodes: [LogNode] = []
        for (index, (transaction, result)) in zip(transactions, results).enumerated() {
            let leaf = LogLeaf(
                height: height, index: UInt32(index), envelope: transaction.envelopeID.digest, code: result.code)
            nodes += LogTree.append(MerkleTree.leafHash(leaf.bytes, with: &hash), to: &log, with: &hash)
        }
        return nodes
    }

    /// What does not fit, of what can be seen without the state.
    package enum Mismatch: Equatable, Sendable {
        case parent
        case time
        case transactions
        case results
        case log
    }

    /// Holds a record against its parent, its transactions and their claimed results. Nil when all fits; `log` is the
    /// log before the block, and after it when all fits.
    package static func mismatch(
        of record: Record, after parent: LedgerTip, _ transactions: [ParsedTransaction],
        _ results: [TransactionResult], log: inout MerkleFrontier, with hash: inout some Hashing
    ) -> Mismatch? {
        guard record.parent == parent.recordID, record.chain == parent.record.chain,
            record.height == parent.record.height.next
        else { return .parent }
        guard record.time > parent.record.time else { return .time }
        guard record.transactionRoot == transactionRoot(transactions, with: &hash) else { return .transactions }
        guard results.count == transactions.count,
            record.resultsRoot == resultsRoot(transactions, results, with: &hash)
        else { return .results }
        var grown = log
        _ = append(transactions, results, at: record.height, to: &grown, with: &hash)
        guard record.logSize == grown.size, record.logRoot == grown.root(with: &hash) else { return .log }
        log = grown
        return nil
    }

    /// Whether `leaf` is leaf `index` of the log that `record` commits to: all a light client needs.
    package static func isIncluded(
        _ leaf: LogLeaf, at index: UInt64, proof: [Digest], in record: Record, with hash: inout some Hashing
    ) -> Bool {
        MerkleTree.isIncluded(
            MerkleTree.leafHash(leaf.bytes, with: &hash), at: index, size: record.logSize, proof: proof,
            root: record.logRoot, with: &hash)
    }
}
