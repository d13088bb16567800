import Consensus
package import Crypto
package import Ledger
package import Primitives
import Wire

/// Fills a store with blocks of its own making, with the keys of a network's validators: for measuring how a store
/// grows, and for testing it. Headers, signatures, certificates and results are real; only the network is missing.
package struct LedgerFiller {
    /// Why a block could not be made.
    package enum Fault: Error, Sendable {
        /// The keys are no quorum of the validators that decide the next block, or the leader's is not among them.
        case keysMissing
        /// A transaction that may stand in no block.
        case transaction(Int)
        case block(BlockFault)
        case store(ChainStoreError)
    }

    private let store: ChainStore
    private let rules: RuleBook
    private let keys: [SigningKey]
    private let verifier = SignatureVerifier()
    private var hash = SHA256()
    private var tip: LedgerTip
    private var head: BlockReference
    /// Who decides the next block.
    private var place: EpochPlace
    /// Of the newest block, or of the echo by which it became final.
    private var finalization: Certificate?
    private var echo: EngineHeader?

    /// - Parameters:
    ///   - store: nobody else writes to it.
    ///   - keys: voting keys of the validators, also such as will vote in later validator epochs.
    package init(_ store: ChainStore, rules: RuleBook, keys: [SigningKey]) throws(Fault) {
        self.store = store
        self.rules = rules
        self.keys = keys
        do throws(ChainStoreError) {
            let stored = try store.storedTip()
            tip = stored.tip
            head = stored.block
            place = try EpochPlace(after: stored.tip, in: store)
            finalization = try store.finalization(at: tip.record.height)
            if tip.record.endsEpoch { echo = try store.echoes(above: tip.record.height).last?.header }
        } catch {
            throw .store(error)
        }
    }

    /// Makes a block of these envelopes final. Their signatures are checked like anybody's.
    ///
    /// - Parameter echoes: so many stand on the block, and the newest of them is what is finalised, if it is the last
    ///   of its validator epoch.
    @discardableResult
    package mutating func add(
        _ envelopes: [[UInt8]], at time: Timestamp, echoes: Int = 0
    ) throws(Fault) -> ExecutedBlock {
        let limits: NetworkLimits
        do throws(StateError) {
            limits = try RuleBook.limits(after: tip, from: store)
        } catch {
            throw .store(.damaged("limits"))
        }
        var transactions: [Verified<ParsedTransaction>] = []
        transactions.reserveCapacity(envelopes.count)
        for (index, bytes) in envelopes.enumerated() {
            guard let parsed = try? ParsedTransaction(bytes, chain: rules.chain, limits: limits, with: &hash),
                let verified = verifier.verified(parsed, in: rules.chain)
            else { throw .transaction(index) }
            transactions.append(verified)
        }
        return try add(transactions, at: time, echoes: echoes)
    }

    /// Makes a block of transactions whose signatures were checked before.
    @discardableResult
    package mutating func add(
        _ transactions: [Verified<ParsedTransaction>], at time: Timestamp, echoes: Int = 0
    ) throws(Fault) -> ExecutedBlock {
        let executed: ExecutedBlock
        do throws(BlockFault) {
            let recovery = place.recovery.flatMap { $0.value.statement.follows(tip) ? $0 : nil }
            executed = try rules.execute(
                transactions, recovery: recovery, at: time, on: tip, over: store, with: &hash)
        } catch {
            throw .block(error)
        }
        let record = executed.tip.recordID
        let justification = Justification(parent: finalization, echo: echo, nullifications: [])
        let block = try block(record, executed.block.encoded, on: head, justification)
        var line: [Block] = []
        var newest = block.reference
        if executed.record.endsEpoch {
            for _ in 0..<echoes {
                let certified = Justification(parent: try certificate(.notarize, newest), nullifications: [])
                let echo = try self.block(record, [], on: newest, certified)
                line.append(echo)
                newest = echo.reference
            }
        }
        let certificate = try certificate(.finalize, newest)
        do throws(ChainStoreError) {
            try store.commit([(block: block, executed: executed)], finalization: certificate, echoes: line)
            if executed.record.endsEpoch { place = try EpochPlace(after: executed.tip, in: store) }
        } catch {
            throw .store(error)
        }
        tip = executed.tip
        head = block.reference
        finalization = certificate
        echo = line.last?.header
        return executed
    }

    /// A block of the view after its parent's, signed by that view's leader.
    private mutating func block(
        _ record: CID, _ body: [UInt8], on parent: BlockReference, _ justification: Justification
    ) throws(Fault) -> Block {
        let (set, view) = (place.validators, parent.view.next)
        guard let leader = set[set.leader(of: view)] else { throw .keysMissing }
        let header = EngineHeader(
            epoch: set.epoch, view: view, parent: parent, justification: justification, proposer: leader.id,
            record: record, body: hash.digest(body))
        let signed = Proposal.signedBody(epoch: set.epoch, view: view, hash: hash.digest(header.encoded))
        let signature = try key(of: leader).signature(.proposal, chain: rules.chain, body: signed)
        guard let block = Block(Proposal(header: header, signature: signature, body: body), with: &hash) else {
            throw .keysMissing
        }
        return block
    }

    /// The votes of the first validators that are a quorum and whose keys are here.
    private func certificate(_ kind: Ballot.Kind, _ block: BlockReference) throws(Fault) -> Certificate {
        let set = place.validators
        let ballot = Ballot(kind: kind, epoch: set.epoch, view: block.view, hash: block.hash)
        var signers = SeatSet()
        var signatures: [Signature] = []
        for (seat, validator) in set.validators.enumerated() where signatures.count < set.quorum {
            guard let key = keys.first(where: { $0.publicKey == validator.key }) else { continue }
            _ = signers.insert(Seat(seat))
            signatures.append(key.signature(kind.signingKind, chain: rules.chain, body: ballot.body))
        }
        guard signatures.count == set.quorum,
            let certificate = Certificate(ballot: ballot, signers: signers, signatures: signatures)
        else { throw .keysMissing }
        return certificate
    }

    private func key(of validator: Validator) throws(Fault) -> SigningKey {
        guard let key = keys.first(where: { $0.publicKey == validator.key }) else { throw .keysMissing }
        return key
    }
}
