import Consensus
import Crypto
import KeyValue
import Ledger
import Primitives
import Wire

/// What consensus must remember across a restart: own votes, certificates, and bodies above the last finalised block.
extension ChainStore {
    func add(_ durable: Engine.Durable, to batch: inout WriteBatch) {
        switch durable {
        case .block(let block):
            batch.put(ChainTable.pendingBlock.key(block.view, block.hash.bytes), block.proposal.encoded)
        case .certificate(let certificate):
            let key = ChainTable.certificate.key(
                certificate.view, [certificate.kind.rawValue] + certificate.hash.bytes)
            batch.put(key, certificate.encoded)
        }
    }

    func add(_ vote: Vote, to batch: inout WriteBatch) {
        batch.put(ChainTable.vote.key(vote.view, [vote.ballot.kind.rawValue]), vote.encoded)
    }

    /// What the disk gives back at the start of an engine whose seat and validator epoch these are.
    func restored(seat: Seat?, epoch: ValidatorEpoch) throws(ChainStoreError) -> Restored {
        let stored = try storedTip()
        let height = stored.tip.record.height
        let head = FinalisedHead(block: stored.block, height: height, finalization: try finalization(at: height))
        var hash = SHA256()
        var blocks: [Block] = []
        for proposal in try all(Proposal.self, .pendingBlock) {
            guard let block = Block(proposal, with: &hash) else { throw .damaged(ChainTable.pendingBlock.name) }
            blocks.append(block)
        }
        let votes = try all(Vote.self, .vote)
        return Restored(
            head: head, votes: Guard(votes: seat == nil ? [] : votes, of: seat ?? .zero, epoch: epoch),
            certificates: try all(Certificate.self, .certificate), blocks: blocks)
    }

    /// Own votes of the watermark stay; everything else up to a finalised view binds nobody any more.
    func dropConsensus(upTo view: View, _ batch: inout WriteBatch) throws(ChainStoreError) {
        for table in [ChainTable.pendingBlock, .certificate] {
            let range = KeyRange(from: [table.rawValue], upTo: table.key(view.next))
            for entry in try entries(range, limit: .max) { batch.delete(entry.key) }
        }
        let votes = try entries(KeyRange.prefix([ChainTable.vote.rawValue]), limit: .max)
        guard let watermark = votes.last.map({ bigEndian($0.key[1..<9]) }) else { return }
        for entry in votes {
            let cast = bigEndian(entry.key[1..<9])
            if cast <= view.rawValue, cast != watermark { batch.delete(entry.key) }
        }
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
