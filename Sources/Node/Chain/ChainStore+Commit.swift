import Consensus
import Crypto
import KeyValue
import Ledger
import Primitives
import Synchronization
import Wire

/// How a finalised block comes into the store.
///
/// One batch holds all of it but the body, which consensus made durable before it signed: the block's entry points
/// there. Bodies move to a segment file when enough have gathered, with one sync of that file for all of them.
///
/// The batch is synced, although a quorum made the body and two votes durable before a finalization could exist, and
/// the block would become final again from them: LevelDB syncs only the log file that it writes, so a batch left
/// unsynced at the end of one file could be lost while a later one, in the next file, is kept.
extension ChainStore {
    /// Makes blocks final, in one batch: oldest first, `finalization` of the last; none for a store that is filled by
    /// executing what another holds. `echoes` led to the finality of a block that seals its validator epoch.
    func commit(
        _ blocks: [(block: Block, executed: ExecutedBlock)], finalization: Certificate?, echoes: [Block] = []
    ) throws(ChainStoreError) {
        guard let last = blocks.last else { return }
        let tip = last.executed.record.height
        var batch = WriteBatch()
        for (block, executed) in blocks {
            add(executed, block, to: &batch)
            addErasures(of: executed, to: &batch)
        }
        if let finalization { batch.put(ChainTable.finalization.key(tip), finalization.encoded) }
        let stored = StoredTip(tip: last.executed.tip, block: last.block.reference)
        batch.put(ChainTable.tip.key(), stored.encoded)
        let past = ledge.withLock { $0.replays.takeDue(before: last.executed.record.time) }
        for height in past { batch.delete(ChainTable.replay.key(height)) }
        if last.executed.record.endsEpoch { try add(sealing: blocks, echoes, to: &batch) }
        dropConsensus(upTo: last.block.view, final: Set(blocks.map(\.block.hash)), &batch)
        let settlement = settleTree(&batch)
        try write(batch, synced: finalization != nil)
        if let settlement { tree.withLock { $0.settle(settlement) } }
        memory.withLock { memory in
            for (_, executed) in blocks { memory.remember(executed) }
        }
        let isDue = ledge.withLock { ledge in
            ledge.unmovedByteCount += blocks.reduce(0) { $0 + $1.block.proposal.body.count + 1_024 }
            return ledge.unmovedByteCount >= settings.moveByteCount
        }
        try carryOutErasures(at: last.executed.record.time)
        if isDue {
            try moveBlocks(upTo: tip)
            try pruneBlocks(at: tip)
        }
    }

    private func add(_ executed: ExecutedBlock, _ block: Block, to batch: inout WriteBatch) {
        let height = executed.record.height
        let isPersisted = ledge.withLock { $0.pending[block.hash] != nil }
        if !isPersisted {
            batch.put(ChainTable.pendingBlock.key(block.view, block.hash.bytes), block.proposal.encoded)
        }
        let place = BodyPlace.pending(block.reference, codes: executed.results.map(\.code))
        batch.put(ChainTable.block.key(height), place.bytes)
        batch.put(ChainTable.blockHash.key(block.hash), bigEndian(height.rawValue))
        let head = StoredHead(header: block.header, signature: block.proposal.signature, record: executed.record)
        batch.put(ChainTable.head.key(height), head.encoded)
        add(executed, to: &batch)
    }

    /// All but the block itself.
    private func add(_ executed: ExecutedBlock, to batch: inout WriteBatch) {
        let height = executed.record.height
        if let recovery = executed.recovery { add(recovery: recovery, to: &batch) }
        for (index, transaction) in executed.transactions.enumerated() {
            batch.put(
                ChainTable.transaction.key(transaction.id),
                Self.position(height, index, code: executed.results[index].code))
        }
        add(executed.logNodes, to: &batch)
        for (key, value) in executed.writes {
            let key = ChainTable.state.key(key.bytes)
            if let value { batch.put(key, value) } else { batch.delete(key) }
        }
        add(executed.tree, at: height, to: &batch)
        add(executed.memories, at: height, to: &batch)
    }

    static func position(_ height: Height, _ index: Int, code: UInt16) -> [UInt8] {
        bigEndian(height.rawValue) + bigEndian(UInt64(index)).suffix(4) + bigEndian(UInt64(code)).suffix(2)
    }

    func writeGenesis(_ rules: RuleBook) throws(ChainStoreError) {
        var hash = SHA256()
        let executed: ExecutedBlock
        do throws(StateError) {
            executed = try rules.genesisBlock(with: &hash)
        } catch {
            throw .damaged("genesis")
        }
        var batch = WriteBatch()
        batch.put(ChainTable.version.key(), bigEndian(Self.layoutVersion))
        batch.put(ChainTable.chain.key(), rules.chain.bytes)
        batch.put(ChainTable.indexed.key(), [])
        add(executed, to: &batch)
        let stored = StoredTip(tip: executed.tip, block: .genesis(of: rules.chain))
        batch.put(ChainTable.tip.key(), stored.encoded)
        try write(batch, synced: true)
    }
}
