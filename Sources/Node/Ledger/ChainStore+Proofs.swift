import Consensus
import Crypto
package import Ledger
package import Primitives
import Wire

/// What a node shows of its ledger to whoever does not believe it.
extension ChainStore {
    /// Why a proof cannot be made.
    package enum ProofError: Error, Equatable, Sendable {
        /// Before the first block there is nothing that validators made final.
        case noRecord
        case unknownTransaction(TransactionID)
        /// A block's transactions were pruned, or the store is damaged.
        case store(ChainStoreError)
        /// The store lacks what the proof needs.
        case failed
    }

    /// The record at a height from 1 on, with the proof that it is final; nil when there is none.
    package func provenRecord(at height: Height) -> ProvenRecord? {
        guard let record = try? head(at: height)?.record, let finality = finalityProof(of: height) else {
            return nil
        }
        return ProvenRecord(record: record, finality: finality)
    }

    /// The handovers from the end of `epoch` on, at most `limit`, up to the set that decides above the tip.
    package func handovers(from epoch: ValidatorEpoch, limit: Int, rules: RuleBook) throws(ProofError) -> [Handover] {
        var handovers: [Handover] = []
        var epoch = epoch
        while handovers.count < limit {
            let (end, recovery): (EpochEnd?, RecoveryDocument?)
            do throws(ChainStoreError) {
                (end, recovery) = (try epochEnd(of: epoch), try self.recovery(of: epoch))
            } catch {
                throw .store(error)
            }
            guard let end else { break }
            guard let last = provenRecord(at: end.height) else { throw .failed }
            // One that was taken here, and has led to no block, has ended nothing yet.
            let ended = recovery.flatMap { $0.statement.list == end.next ? $0 : nil }
            handovers.append(
                Handover(list: end.next, record: last.record, finality: last.finality, recovery: ended))
            epoch = epoch.next
        }
        return handovers
    }

    /// The set that decides in a validator epoch; nil for one that has not begun.
    package func validatorList(of epoch: ValidatorEpoch) -> ValidatorList? {
        if let before = epoch.previous, let end = try? epochEnd(of: before) { return end.next }
        guard let value = try? value(for: StateKey(.validators)), let list = try? ValidatorList(decoding: value),
            list.epoch == epoch
        else { return nil }
        return list
    }

    /// Where a transaction stands in the one log.
    struct LogPlace {
        /// Nil when it is erased.
        let envelope: [UInt8]?
        let leaf: LogLeaf
        let index: UInt64
    }

    /// A transaction's body, its leaf and the leaf's place.
    func logPlace(of id: TransactionID, with hash: inout SHA256) throws(ProofError) -> LogPlace {
        let found: (position: Position, block: ErasedBlock)?
        do throws(ChainStoreError) {
            let position = try position(of: id)
            found = try position.flatMap { position throws(ChainStoreError) in
                try remnant(at: position.height).map { (position, $0) }
            }
        } catch {
            throw .store(error)
        }
        guard let (position, stored) = found else { throw .unknownTransaction(id) }
        let place = Int(position.index)
        guard place < stored.slots.count, let record = try? head(at: position.height)?.record else { throw .failed }
        let index = record.logSize - UInt64(stored.slots.count) + UInt64(position.index)
        return LogPlace(
            envelope: stored.envelope(place), leaf: stored.leaf(place, at: position.height, with: &hash), index: index)
    }

    /// A transaction's leaf, its path to the log of `tip`, and its body.
    func logFact(_ id: TransactionID, in tip: LedgerTip, with hash: inout SHA256) throws(ProofError)
        -> ProofBundle.LogFact
    {
        let place = try logPlace(of: id, with: &hash)
        guard
            let path = try? LogTree.inclusionProof(of: place.index, size: tip.record.logSize, from: self, with: &hash)
        else { throw .failed }
        return ProofBundle.LogFact(envelope: place.envelope, leaf: place.leaf, path: path, index: place.index)
    }

    /// What stands under a key in the state of `tip`, proven.
    func stateFact(_ key: StateKey, in tip: LedgerTip, with hash: inout SHA256) throws(ProofError)
        -> ProofBundle.StateFact
    {
        do throws(StateError) {
            return ProofBundle.StateFact(
                key: key, proof: try StateTree.proof(of: key, in: tip.state, from: self, with: &hash),
                value: try value(for: key))
        } catch {
            throw .failed
        }
    }
}

extension ChainActor {
    /// Proves transactions and facts against the newest record. What leads there from genesis is not in it yet: that
    /// needs no more than the store, and may take longer.
    ///
    /// On the chain's thread, so that no block becomes final in the middle of it.
    package func claims(
        of transactions: [TransactionID], _ keys: [StateKey]
    ) throws(ChainStore.ProofError) -> ProofBundle {
        let tip = tip
        guard tip.record.height > .zero else { throw .noRecord }
        guard let finality = store.finalityProof(of: tip.record.height) else { throw .failed }
        var logs: [ProofBundle.LogFact] = []
        for id in transactions { logs.append(try store.logFact(id, in: tip, with: &hash)) }
        var facts: [ProofBundle.StateFact] = []
        for key in keys { facts.append(try store.stateFact(key, in: tip, with: &hash)) }
        return ProofBundle(
            logs: logs, facts: facts, record: tip.record, genesis: rules.genesis.encoded, finality: finality,
            handovers: [])
    }
}
