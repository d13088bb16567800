package import Consensus
import Crypto
import KeyValue
package import Ledger
package import Primitives
import Synchronization
import Wire

/// How validator epochs ended, for whoever was not there: the last height, the set that took over, and the echoes by
/// which the sealing block became final. Kept for ever.
extension ChainStore {
    package struct EpochEnd: Sendable {
        /// Of the sealing block.
        package let height: Height
        /// Who decides from there on.
        package let next: ValidatorList
    }

    /// How an epoch ended; nil while it has not.
    package func epochEnd(of epoch: ValidatorEpoch) throws(ChainStoreError) -> EpochEnd? {
        try read(.epochEnd, ChainTable.epochEnd.key(bigEndian(epoch.rawValue))) { bytes in
            guard bytes.count > 8, let list = try? ValidatorList(decoding: Array(bytes[8...])) else { return nil }
            return EpochEnd(height: Height(bigEndian(bytes[..<8])), next: list)
        }
    }

    /// The echoes above a sealing block, from the lowest to the finalised one; none where it was finalised itself.
    package func echoes(above height: Height) throws(ChainStoreError) -> [Proposal] {
        let range = KeyRange(from: ChainTable.echo.key(height), upTo: ChainTable.echo.key(height.next))
        var echoes: [Proposal] = []
        for entry in try entries(range, limit: .max) {
            guard let echo = try? Proposal(decoding: entry.value) else { throw .damaged(ChainTable.echo.name) }
            echoes.append(echo)
        }
        return echoes
    }

    /// A block by its hash, final or an echo.
    func proposal(_ hash: Digest, with hashing: inout SHA256) throws(ChainStoreError) -> Proposal? {
        guard let height = try height(ofBlock: hash) else { return nil }
        for echo in try echoes(above: height) where hashing.digest(echo.header.encoded) == hash { return echo }
        return try keptBlock(at: height)?.proposal
    }

    /// Notes with the sealing block who takes over, and forgets what consensus kept of the epoch that ends (S-14).
    func add(
        sealing blocks: [(block: Block, executed: ExecutedBlock)], _ echoes: [Block], to batch: inout WriteBatch
    ) throws(ChainStoreError) {
        guard let last = blocks.last else { return }
        let record = last.executed.record
        let notes = Self.notes(
            sealing: record, next: try nextList(after: blocks), echoes.map { ($0.hash, $0.proposal) })
        for (key, value) in notes { batch.put(key, value) }
        let final = Set(blocks.map(\.block.hash))
        let dropped = ledge.withLock { $0.forgetConsensus() }
        for (hash, view) in dropped.pending where !final.contains(hash) {
            batch.delete(ChainTable.pendingBlock.key(view, hash.bytes))
        }
        for key in dropped.keys { batch.delete(key) }
    }

    /// What is noted of a sealing block, as keys and values: how the epoch ended, and its echoes with their hashes.
    static func notes(
        sealing record: Record, next list: [UInt8], _ echoes: [(Digest, Proposal)]
    ) -> [(key: [UInt8], value: [UInt8])] {
        let height = bigEndian(record.height.rawValue)
        var notes = [(ChainTable.epochEnd.key(bigEndian(record.epoch.rawValue)), height + list)]
        for (hash, echo) in echoes {
            notes.append((ChainTable.echo.key(height + bigEndian(echo.header.view.rawValue)), echo.encoded))
            notes.append((ChainTable.blockHash.key(hash), height))
        }
        return notes
    }

    private func nextList(
        after blocks: [(block: Block, executed: ExecutedBlock)]
    ) throws(ChainStoreError) -> [UInt8] {
        let key = StateKey(.nextValidators)
        for (_, executed) in blocks.reversed() {
            if let written = executed.writes[key], let bytes = written { return bytes }
        }
        guard let bytes = try? value(for: key) else { throw .damaged("state") }
        return bytes
    }
}
