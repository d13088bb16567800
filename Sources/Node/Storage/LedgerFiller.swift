import Consensus
package import Crypto
package import Ledger
package import Primitives
import Wire

/// Fills a store with blocks of its own making, as the only validator of a network: for measuring how a store grows,
/// and for testing it. Headers, signatures, certificates and results are real; only the network is missing.
package struct LedgerFiller {
    /// Why a block could not be made.
    package enum Fault: Error, Sendable {
        /// The network has more than one validator, or another.
        case notAlone
        /// A transaction that may stand in no block.
        case transaction(Int)
        case block(BlockFault)
        case store(ChainStoreError)
    }

    private let store: ChainStore
    private let rules: RuleBook
    private let member: MemberID
    private let signer: SigningKey
    private let verifier = SignatureVerifier()
    private var hash = SHA256()
    private var tip: LedgerTip
    private var head: BlockReference
    private var finalization: Certificate?

    /// - Parameters:
    ///   - store: nobody else writes to it.
    ///   - signer: the one validator's voting key.
    package init(_ store: ChainStore, rules: RuleBook, member: MemberID, signer: SigningKey) throws(Fault) {
        self.store = store
        self.rules = rules
        self.member = member
        self.signer = signer
        do throws(ChainStoreError) {
            let stored = try store.storedTip()
            tip = stored.tip
            head = stored.block
            finalization = try store.finalization(at: tip.record.height)
        } catch {
            throw .store(error)
        }
        guard let genesis = try? rules.genesisBlock(with: &hash), let set = try? Finality.validators(in: genesis),
            set.count == 1, set.seat(of: member) != nil
        else { throw .notAlone }
    }

    /// Makes a block of these envelopes final. Its signatures are checked like anybody's.
    @discardableResult
    package mutating func add(_ envelopes: [[UInt8]], at time: Timestamp) throws(Fault) -> ExecutedBlock {
        var transactions: [Verified<ParsedTransaction>] = []
        transactions.reserveCapacity(envelopes.count)
        for (index, bytes) in envelopes.enumerated() {
            guard
                let parsed = try? ParsedTransaction(
                    bytes, chain: rules.chain, limits: rules.genesis.limits, with: &hash),
                let verified = verifier.verified(parsed, in: rules.chain)
            else { throw .transaction(index) }
            transactions.append(verified)
        }
        return try add(transactions, at: time)
    }

    /// Makes a block of transactions whose signatures were checked before.
    @discardableResult
    package mutating func add(
        _ transactions: [Verified<ParsedTransaction>], at time: Timestamp
    ) throws(Fault) -> ExecutedBlock {
        let executed: ExecutedBlock
        do throws(BlockFault) {
            executed = try rules.execute(transactions, at: time, on: tip, over: store, with: &hash)
        } catch {
            throw .block(error)
        }
        let body = executed.block.encoded
        let view = head.view.next
        let header = EngineHeader(
            epoch: .zero, view: view, parent: head,
            justification: Justification(parent: finalization, nullifications: []), proposer: member,
            record: executed.tip.recordID, body: hash.digest(body))
        let blockHash = hash.digest(header.encoded)
        let signed = Proposal.signedBody(epoch: .zero, view: view, hash: blockHash)
        let proposal = Proposal(
            header: header, signature: signer.signature(.proposal, chain: rules.chain, body: signed), body: body)
        let ballot = Ballot(kind: .finalize, epoch: .zero, view: view, hash: blockHash)
        var signers = SeatSet()
        _ = signers.insert(.zero)
        let signature = signer.signature(ballot.kind.signingKind, chain: rules.chain, body: ballot.body)
        guard let block = Block(proposal, with: &hash),
            let certificate = Certificate(ballot: ballot, signers: signers, signatures: [signature])
        else { throw .notAlone }
        do throws(ChainStoreError) {
            try store.commit([(block: block, executed: executed)], finalization: certificate)
        } catch {
            throw .store(error)
        }
        tip = executed.tip
        head = block.reference
        finalization = certificate
        return executed
    }
}
