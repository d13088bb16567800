import Consensus
import Crypto
import EventLoop
import Ledger
import Primitives
import RPC
import Synchronization
import Wire

/// Phone numbers: the validator's part (evaluating blinded numbers, attesting that a member holds one) and the home
/// node's (carrying its members' questions to the validators, keeping their records alive). What each learns stands in
/// the page Phone.
package final class PhoneService: NodeServicing {
    let node: NodeRuntime
    let keeper: RecordKeeper
    private let shares: NodeShares
    private let attesting: any NumberAttesting
    private let quota: Mutex<LookupQuota>
    private let verifier = SignatureVerifier()

    /// - Parameters:
    ///   - node: the one it is part of.
    ///   - shares: this validator's; only the one of the phone key is used.
    ///   - attesting: what evidence is believed; a registrar's word when nil.
    package init(node: NodeRuntime, shares: NodeShares, attesting: (any NumberAttesting)? = nil) {
        self.node = node
        self.shares = shares
        self.attesting = attesting ?? RegistrarAttesting(chain: node.chain)
        keeper = RecordKeeper(dht: node.dht)
        let limits = node.rules.genesis.limits
        quota = Mutex(LookupQuota(perDay: limits.lookupsPerDay, rememberingFor: 2 * limits.untilWindow))
    }

    package func install(on node: NodeRuntime) async {
        node.serve(.evaluate) { [weak self] _, body in await self?.evaluate(body).encoded }
        node.serve(.attest) { [weak self] _, body in await self?.answer(body).encoded }
    }

    package func stop() async { await keeper.stop() }

    var chain: ChainActor { node.chain }
    var chainID: ChainID { node.rules.chain }

    // MARK: Evaluation

    /// Answers a member's signed request with this validator's part of the evaluation, sealed to the key in it.
    private func evaluate(_ body: [UInt8]) async -> NumberAnswer {
        guard shares.phone != nil else { return .refused(.unsupported) }
        guard let object = try? SignedObject(decoding: body),
            let signed = try? SignedKeyRequest<BlindEvaluationRequest>(object)
        else { return .refused(.malformed) }
        let request = signed.request
        let now = await chain.currentTip.record.time
        guard let entry = await activeMember(request.member),
            verifier.verified(signed, in: .init(chain: chainID, key: entry.keys.sign)) != nil
        else { return .refused(.member) }
        guard isFresh(request.time, at: now) else { return .refused(.stale) }
        let name = SHA256.hash(object.body)
        let isWithin = quota.withLock {
            $0.admit(request.member, request: name, count: request.elements.count, now: now)
        }
        guard isWithin else { return .refused(.quota) }
        guard let evaluation = evaluation(of: request.elements),
            let sealed = try? NumberSeals.seal(
                evaluation: evaluation.encoded, to: request.key, from: node.keys.agreement, request: name,
                chain: chainID)
        else { return .refused(.malformed) }
        return .granted(sealed)
    }

    /// Not inlined: the optimizer of Swift 6.3.1 crashes on a borrowed share in an asynchronous function.
    @inline(never)
    private func evaluation(of elements: [GroupElement]) -> PartialEvaluation? {
        switch shares.phone {
        case .some(let share): try? share.evaluateBlinded(elements)
        case .none: nil
        }
    }

    private func isFresh(_ time: Timestamp, at now: Timestamp) -> Bool {
        let window = node.rules.genesis.limits.untilWindow
        return time.milliseconds(since: now) <= window && now.milliseconds(since: time) <= window
    }

    private func activeMember(_ member: MemberID) async -> MemberEntry? {
        guard let entry = try? await chain.entry(MemberEntry.self, StateKey(.member, member)),
            entry.standing == .active
        else { return nil }
        return entry
    }

    // MARK: Attestation

    private func answer(_ body: [UInt8]) async -> NumberAnswer {
        guard await chain.validators.seat(of: node.member) != nil else { return .refused(.unsupported) }
        guard let question = try? NumberQuestion(decoding: body) else { return .refused(.malformed) }
        switch question {
        case .claim(let sealed): return await vouch(sealed)
        case .release(let bytes): return await release(bytes)
        case .submit(let bytes): return await submit(bytes)
        }
    }

    /// Attests a claim that its evidence bears out, for an active member.
    private func vouch(_ sealed: [UInt8]) async -> NumberAnswer {
        guard let evidence = try? NumberSeals.open(evidence: sealed, with: node.keys.agreement, chain: chainID) else {
            return .refused(.malformed)
        }
        guard let claim = await attesting.claim(from: evidence), claim.writer.isAcceptableForRegistration else {
            return .refused(.evidence)
        }
        guard await activeMember(claim.member) != nil else { return .refused(.member) }
        let now = await chain.currentTip.record.time
        guard claim.expiry > now,
            claim.expiry.milliseconds(since: now) <= node.rules.genesis.limits.attestationLife
        else { return .refused(.expiry) }
        return attest(
            NumberStatement(
                commitment: Self.commitment(claim.location, claim.writer, claim.salt), expiry: claim.expiry))
    }

    /// Attests that a number is given up: the writer's own key says so.
    private func release(_ bytes: [UInt8]) async -> NumberAnswer {
        guard let object = try? SignedObject(decoding: bytes), object.body.count <= NumberRelease.byteCountMax,
            let wish = try? NumberRelease(decoding: object.body)
        else { return .refused(.malformed) }
        guard verifier.isValid(object.signatureCheck(kind: .numberRelease, chain: chainID)) else {
            return .refused(.evidence)
        }
        let commitment = Self.commitment(wish.location, object.key, wish.salt)
        guard let entry = try? await chain.entry(NumberEntry.self, StateKey(.number, commitment)),
            !entry.isReleased, entry.expiry == wish.expiry
        else { return .refused(.expiry) }
        return attest(NumberStatement(commitment: commitment, expiry: wish.expiry, isRelease: true))
    }

    private func attest(_ statement: NumberStatement) -> NumberAnswer {
        let key = node.keys.sign
        let signature = key.signature(.numberAttestation, chain: chainID, body: statement.encoded)
        return .granted(CoSignature(key: key.publicKey, signature: signature).encoded)
    }

    /// Puts a statement with its attestations on the ledger, as this validator, so that no member is linked to it.
    private func submit(_ bytes: [UInt8]) async -> NumberAnswer {
        guard let attest = try? NumberAttest(decoding: bytes) else { return .refused(.malformed) }
        let now = await chain.currentTip.record.time
        let transaction = Transaction(
            attest.statement.isRelease ? .numberRelease(attest) : .numberAttest(attest), from: AuthorID(node.member),
            chain: chainID, nonce: SecureRandom.bytes(count: Transaction.nonceByteCount),
            until: max(now, SystemTime.utc).adding(milliseconds: node.rules.genesis.limits.untilWindow / 2))
        let envelope = node.keys.sign.sign(.transaction, chain: chainID, body: transaction.encoded).encoded
        guard let outcome = try? await chain.execute(envelope, within: Self.finalityPatience),
            outcome.result == .succeeded
        else { return .refused(.ledger) }
        return .granted(outcome.id.bytes)
    }

    /// How long a validator waits for its own transaction to be final.
    static let finalityPatience = Duration.seconds(15)

    static func commitment(_ location: DHTKey, _ writer: PublicKey, _ salt: [UInt8]) -> Digest {
        var hash = SHA256()
        return NumberCommitment.make(location: location, writer: writer, salt: salt, with: &hash)
    }
}
