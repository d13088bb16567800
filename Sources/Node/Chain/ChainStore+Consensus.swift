import Consensus
import Crypto
import KeyValue
import Ledger
import Primitives
import Synchronization
import Wire

/// What consensus must remember across a restart: own votes, certificates, and bodies above the last finalised block.
extension ChainStore {
    func add(_ durable: Engine.Durable, to batch: inout WriteBatch) {
        switch durable {
        case .block(let block):
            batch.put(ChainTable.pendingBlock.key(block.view, block.hash.bytes), block.proposal.encoded)
            ledge.withLock { $0.pending[block.hash] = block.view }
        case .certificate(let certificate):
            let key = ChainTable.certificate.key(
                certificate.view, [certificate.kind.rawValue] + certificate.hash.bytes)
            batch.put(key, certificate.encoded)
            ledge.withLock { $0.certificates[key] = certificate.view }
        }
    }

    func add(_ vote: Vote, to batch: inout WriteBatch) {
        let key = ChainTable.vote.key(vote.view, [vote.ballot.kind.rawValue])
        batch.put(key, vote.encoded)
        ledge.withLock { $0.votes[key] = vote.view }
    }

    /// What the disk gives back at the start of an engine whose seat and validator epoch these are.
    func restored(seat: Seat?, epoch: ValidatorEpoch) throws(ChainStoreError) -> Restored {
        let stored = try storedTip()
        let height = stored.tip.record.height
        let echo = stored.tip.record.endsEpoch ? try echoes(above: height).last : nil
        let head = FinalisedHead(
            block: stored.block, height: height, record: stored.tip.recordID,
            finalization: try finalization(at: height),
            echo: echo?.header)
        var hash = SHA256()
        var blocks: [Block] = []
        // Those of final views wait for their move to a segment file.
        for proposal in try all(Proposal.self, .pendingBlock)
        where proposal.header.epoch == epoch && proposal.header.view > stored.block.view {
            guard let block = Block(proposal, with: &hash) else { throw .damaged(ChainTable.pendingBlock.name) }
            blocks.append(block)
        }
        let votes = try all(Vote.self, .vote)
        return Restored(
            head: head, votes: Guard(votes: seat == nil ? [] : votes, of: seat ?? .zero, epoch: epoch),
            certificates: try all(Certificate.self, .certificate), blocks: blocks)
    }

    /// Own votes of the watermark stay; everything else up to a finalised view binds nobody any more. The bodies of
    /// `final` blocks stay until they are in a segment file.
    func dropConsensus(upTo view: View, final: Set<Digest>, _ batch: inout WriteBatch) {
        let dropped = ledge.withLock { $0.dropConsensus(upTo: view) }
        for (hash, view) in dropped.pending where !final.contains(hash) {
            batch.delete(ChainTable.pendingBlock.key(view, hash.bytes))
        }
        for key in dropped.keys { batch.delete(key) }
    }

    private func all<Value: WireObject>(_ type: Value.Type, _ table: ChainTable) throws(ChainStoreError) -> [Value] {
        var values: [Value] = []
        for entry in try entries(KeyRange.prefix([table.rawValue]), limit: .max) {
            do throws(WireError) {
                values.append(try Value(decoding: entry.value))
            } catch {
                throw .damaged(table.name)
            }
        }
        return values
    }
}
