import Consensus
import Crypto
import KeyValue
import Ledger
import Primitives
import Wire

/// What can be checked of a store that has not all transactions: everything but their execution.
extension ChainVerifier {
    /// The block with all its transactions; nil where they were pruned or erased, which is no fault.
    func whole(_ height: Height) throws(Fault) -> StoredBlock? {
        let block: StoredBlock?
        do throws(ChainStoreError) {
            block = try store.block(at: height)
        } catch {
            switch error {
            case .pruned, .erased: return nil
            default: throw Fault(height: height, what: "the block cannot be read: \(error)")
            }
        }
        guard let block else { throw Fault(height: height, what: "the block is missing") }
        return block
    }

    /// Header, record, finality, log leaves, and the transactions where they are.
    mutating func checkUnexecuted(_ height: Height, _ stored: StoredBlock?) throws(Fault) {
        func fault(_ what: String) -> Fault { Fault(height: height, what: what) }
        guard let head = try? store.head(at: height) else { throw fault("the head is missing or cannot be read") }
        guard head.header.parent == parent else { throw fault("the header's parent is not the block before") }
        try checkEpoch(of: head.header, height)
        let reference = BlockReference(view: head.header.view, hash: hash.digest(head.header.encoded))
        let checks = try signatureChecks(of: head, reference.hash, height)
        guard checks.allSatisfy(verifier.isValid) else {
            throw fault("the proposer's signature or the justification does not hold")
        }
        report.signatures += UInt64(checks.count)
        let (record, before) = (head.record, tip.record)
        let recordID = record.cid(with: &hash)
        guard recordID == head.header.record else { throw fault("the record is not the header's") }
        guard record.parent == tip.recordID, record.height == height, record.chain == rules.chain,
            record.time > before.time, record.logSize >= before.logSize, record.epoch == validators.epoch,
            record.validatorSet == hash.digest(validators.encoded)
        else { throw fault("the record does not follow the one before") }
        try checkFinality(record, height)
        var log = tip.log
        for index in before.logSize..<record.logSize {
            guard let leaf = try? store.logHash(level: 0, index: index) else {
                throw fault("log leaf \(index) is missing")
            }
            log.append(leaf, with: &hash)
            report.logNodes += 1
        }
        guard log.root(with: &hash) == record.logRoot else { throw fault("the stored log leaves are not the record's") }
        if let stored {
            try check(stored, head, from: before.logSize)
        } else if height < store.floor {
            report.prunedBlocks += 1
        } else {
            try checkRemnant(head, from: before.logSize)
        }
        tip = LedgerTip(record: record, recordID: recordID, log: log, state: nil)
        parent = reference
        report.blocks += 1
    }

    private func signatureChecks(
        of head: StoredHead, _ blockHash: Digest, _ height: Height
    ) throws(Fault) -> [SignatureCheck] {
        let header = head.header
        guard let set = context.validators(of: header.epoch), let leader = set[set.leader(of: header.view)],
            leader.id == header.proposer, header.isSound(in: context.chain)
        else { throw Fault(height: height, what: "the header's proposer or justification does not fit its view") }
        let body = Proposal.signedBody(epoch: header.epoch, view: header.view, hash: blockHash)
        var checks = [
            SignatureCheck(
                preimage: SigningKind.proposal.preimage(chain: context.chain, body: body), key: leader.key,
                signature: head.signature)
        ]
        for certificate in header.justification.certificates {
            guard let more = certificate.signatureChecks(in: context) else {
                throw Fault(height: height, what: "a certificate in the header does not fit its validators")
            }
            checks += more
        }
        return checks
    }

    /// Transactions against the record's roots and the log; their signatures.
    private mutating func check(_ stored: StoredBlock, _ head: StoredHead, from firstLeaf: UInt64) throws(Fault) {
        let height = head.record.height
        func fault(_ what: String) -> Fault { Fault(height: height, what: what) }
        guard Block(stored.proposal, with: &hash) != nil, stored.proposal.header == head.header else {
            throw fault("the body is not the header's")
        }
        guard let content = try? stored.ledgerBlock(), content.record == head.record,
            content.transactions.count == stored.codes.count,
            UInt64(stored.codes.count) == head.record.logSize - firstLeaf
        else { throw fault("the body is not the record's") }
        var results: [Digest] = []
        for (index, bytes) in content.transactions.enumerated() {
            guard
                let parsed = try? ParsedTransaction(
                    bytes, chain: rules.chain, limits: rules.genesis.limits, with: &hash),
                verifier.verified(parsed, in: rules.chain) != nil
            else { throw fault("transaction \(index) is malformed or badly signed") }
            report.signatures += UInt64(parsed.signatureChecks(in: rules.chain)?.count ?? 0)
            let leaf = LogLeaf(
                height: height, index: UInt32(index), envelope: parsed.envelopeID.digest, code: stored.codes[index])
            guard
                (try? store.logHash(level: 0, index: firstLeaf + UInt64(index)))
                    == MerkleTree.leafHash(leaf.bytes, with: &hash)
            else { throw fault("transaction \(index) or its result is not the log's") }
            results.append(
                MerkleTree.leafHash(ResultLeaf.bytes(parsed.id, code: stored.codes[index]), with: &hash))
        }
        guard MerkleTree.root(of: results, with: &hash) == head.record.resultsRoot else {
            throw fault("the stored result codes are not the record's")
        }
        report.transactions += UInt64(content.transactions.count)
    }

    /// The tip and the state as they are stored, held against the newest record.
    mutating func checkUnexecuted(_ stored: LedgerTip) throws(Fault) {
        let height = tip.record.height
        guard stored.record == tip.record, stored.recordID == tip.recordID, stored.log == tip.log,
            (stored.state?.hash ?? .zero) == tip.record.stateRoot
        else { throw Fault(height: height, what: "the stored tip is not what the records lead to") }
        guard store.finalityProof(of: height) != nil else {
            throw Fault(height: height, what: "the newest block has no finality proof")
        }
        do {
            var changes: [StateTree.Change] = []
            try store.forEachState { key, value in
                changes.append(StateTree.Change(key: key.hashed(with: &hash), value: hash.digest(value)))
                let proof = try StateTree.proof(of: key, in: stored.state, from: store, with: &hash)
                guard proof.proves(value, under: key, root: stored.record.stateRoot, with: &hash) else {
                    throw StateError.unreadable(key)
                }
            }
            report.stateEntries = UInt64(changes.count)
            let rebuilt = try StateTree.update(nil, with: changes, version: height, in: MemoryState(), with: &hash)
            guard rebuilt.rootHash == stored.record.stateRoot else {
                throw Fault(height: height, what: "the stored state does not have the record's root")
            }
        } catch let fault as Fault {
            throw fault
        } catch {
            throw Fault(height: height, what: "a stored state entry or its proof differs: \(error)")
        }
    }
}
