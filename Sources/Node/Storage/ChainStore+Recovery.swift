import Consensus
import Crypto
import KeyValue
package import Ledger
package import Primitives
import Synchronization
import Wire

/// Why a node does not go on from a recovery document.
package enum RecoveryRefusal: Error, Hashable, Sendable {
    /// The document, or the ledger that it would go on from, is not right.
    case fault(RecoveryFault)
    /// One of its signatures is not by the key that it names.
    case badSignature(PublicKey)
    /// The store goes on from another document about the same record.
    case otherApplied(RecoveryDocument)
    /// The newest record has no certificate of its own here, so no block could stand on it.
    case headNotFinal
    case store(ChainStoreError)
}

/// Recovery documents, by the validator epoch that they ended. One is kept from the moment in which the node takes it,
/// before any block of the new epoch exists, since the node must never again vote in the old one.
extension ChainStore {
    /// What ended a validator epoch in place of its own validators; nil for one that ended otherwise, or not yet.
    package func recovery(of epoch: ValidatorEpoch) throws(ChainStoreError) -> RecoveryDocument? {
        try object(RecoveryDocument.self, .recovery, ChainTable.recovery.key(bigEndian(epoch.rawValue)))
    }

    /// The document that was taken and whose first block is not final yet: the block above `tip` must carry it.
    package func recovery(above tip: LedgerTip) throws(ChainStoreError) -> RecoveryDocument? {
        guard let document = try recovery(of: tip.record.epoch), document.statement.follows(tip) else { return nil }
        return document
    }

    /// Checks a document against the ledger as it stands here, and takes it: from then on this node is in the new
    /// validator epoch. All of it is on the disk, or none.
    ///
    /// - Parameter replacing: take it in place of another about the same record that has led to no final block here.
    package func recover(
        by document: RecoveryDocument, _ rules: RuleBook, replacing: Bool = false
    ) throws(RecoveryRefusal) {
        guard document.statement.chain == rules.chain else { throw .fault(.otherChain) }
        for check in document.signatureChecks(in: rules.chain) ?? [] where !SignatureVerifier().isValid(check) {
            throw .badSignature(check.key)
        }
        do {
            let tip = try tip()
            if let fault = try rules.fault(of: document, on: tip, over: self) { throw RecoveryRefusal.fault(fault) }
            if let known = try recovery(above: tip), known.statement != document.statement, !replacing {
                throw RecoveryRefusal.otherApplied(known)
            }
            guard try finalization(at: tip.record.height) != nil else { throw RecoveryRefusal.headNotFinal }
            try write(document, ending: tip.record.epoch)
        } catch let refusal as RecoveryRefusal {
            throw refusal
        } catch let error as ChainStoreError {
            throw .store(error)
        } catch {
            throw .store(.damaged("state"))
        }
    }

    /// What consensus kept of the old epoch goes. Own votes of the new one, cast under a document that this one
    /// replaces, stay: they still bind.
    private func write(_ document: RecoveryDocument, ending epoch: ValidatorEpoch) throws(ChainStoreError) {
        var batch = WriteBatch()
        batch.put(ChainTable.recovery.key(bigEndian(epoch.rawValue)), document.encoded)
        let floor = try storedTip().block.view
        for entry in try entries(.prefix([ChainTable.certificate.rawValue]), limit: .max) { batch.delete(entry.key) }
        for entry in try entries(.prefix([ChainTable.pendingBlock.rawValue]), limit: .max)
        where View(bigEndian(entry.key[1..<9])) > floor {
            batch.delete(entry.key)
        }
        var kept: [[UInt8]: View] = [:]
        for entry in try entries(.prefix([ChainTable.vote.rawValue]), limit: .max) {
            guard let vote = try? Vote(decoding: entry.value) else { throw .damaged(ChainTable.vote.name) }
            if vote.ballot.epoch > epoch {
                kept[entry.key] = vote.view
            } else {
                batch.delete(entry.key)
            }
        }
        try write(batch, synced: true)
        ledge.withLock { ledge in
            ledge.certificates = [:]
            ledge.votes = kept
            ledge.pending = ledge.pending.filter { $0.value <= floor }
        }
    }

    /// With the first block of a recovered validator epoch: how the one before ended.
    func add(recovery document: RecoveryDocument, to batch: inout WriteBatch) {
        guard let ended = document.statement.list.epoch.previous else { return }
        batch.put(
            ChainTable.epochEnd.key(bigEndian(ended.rawValue)),
            bigEndian(document.statement.height.rawValue) + document.statement.list.encoded)
        batch.put(ChainTable.recovery.key(bigEndian(ended.rawValue)), document.encoded)
    }

    /// The last height of the validator epoch in which `record` was decided, as far as is known here.
    func lastHeight(of record: Record) -> Height {
        (try? epochEnd(of: record.epoch))?.height ?? record.epochEnd
    }
}
