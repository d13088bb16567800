import Consensus
import Crypto
import Ledger
import Primitives
import RPC
import Wire

/// The home node's part: its members' questions go to the validators from here.
extension PhoneService {
    /// What the validators answered, in the order in which the answers came.
    struct Answers {
        var granted: [(validator: MemberID, content: [UInt8])] = []
        var refused: [(validator: MemberID, refusal: NumberAnswer.Refusal)] = []
        /// Who could not be reached in time.
        var silent: [MemberID] = []
    }

    /// Who answers a kind of question: attestations are given by those who decide now, shares by those to whom the keys
    /// were dealt.
    private func asked(_ kind: ServiceRequest.Kind) async -> [Validator] {
        if kind == .attest { return await chain.validators.validators }
        return ShareCircle.validators(of: node.rules.genesis).map { Validator(id: $0.id, key: $0.key) }
    }

    /// Asks all validators at once, until `wanted` answers were granted and found good, or all have answered or failed.
    func gather(
        _ kind: ServiceRequest.Kind, wanted: Int, within time: Duration = .seconds(3),
        body: (MemberID) -> [UInt8]?, isGood: (Validator, [UInt8]) -> Bool = { _, _ in true }
    ) async -> Answers {
        let questions = await asked(kind).compactMap { validator in
            body(validator.id).map { (validator: validator, body: $0) }
        }
        let (stream, continuation) = AsyncStream.makeStream(
            of: (Validator, NumberAnswer?).self, bufferingPolicy: .bufferingOldest(max(1, questions.count)))
        let node = node
        for question in questions {
            Task {  // Ends with its one answer, or with `time`.
                let bytes = try? await node.ask(kind, question.body, of: question.validator.id, within: time)
                continuation.yield((question.validator, bytes.flatMap { try? NumberAnswer(decoding: $0) }))
            }
        }
        var answers = Answers()
        var open = questions.count
        guard open > 0 else { return answers }
        for await (validator, answer) in stream {
            open -= 1
            switch answer {
            case .granted(let content) where isGood(validator, content):
                answers.granted.append((validator.id, content))
            case .refused(let refusal): answers.refused.append((validator.id, refusal))
            case .granted, nil: answers.silent.append(validator.id)
            }
            if open == 0 || answers.granted.count >= wanted { break }
        }
        return answers
    }

    /// Collects enough attestations of a statement, has a validator put them on the ledger, and waits until this node
    /// sees them there.
    func establish(
        _ statement: NumberStatement, question: (MemberID) -> NumberQuestion?
    ) async throws(RPCError) {
        let needed = Int(node.rules.genesis.attestersNeeded)
        let preimage = SigningKind.numberAttestation.preimage(chain: chainID, body: statement.encoded)
        let verifier = SignatureVerifier()
        let answers = await gather(
            .attest, wanted: needed, body: { question($0)?.encoded },
            isGood: { validator, content in
                guard let signature = try? CoSignature(decoding: content), signature.key == validator.key else {
                    return false
                }
                return verifier.isValid(
                    SignatureCheck(preimage: preimage, key: signature.key, signature: signature.signature))
            })
        guard answers.granted.count >= needed else { throw answers.error }
        let attestations = answers.granted.compactMap { try? CoSignature(decoding: $0.content) }
            .sorted { $0.key < $1.key }
        let attest = NumberAttest(statement: statement, attestations: attestations)
        let submission = NumberQuestion.submit(attest.encoded).encoded
        // This node's own word first, then each validator in turn: one is enough.
        let validators = await chain.validators
        let own = validators.seat(of: node.member) == nil ? [] : [node.member]
        for validator in own + validators.validators.map(\.id).filter({ $0 != node.member }) {
            let patience = Self.finalityPatience + .seconds(1)
            let answer = try? await node.ask(.attest, submission, of: validator, within: patience)
            let isDone = answer.flatMap { try? NumberAnswer(decoding: $0) }.map {
                if case .granted = $0 { true } else { false }
            }
            if await stands(statement, patience: isDone == true ? 100 : 1) { return }
        }
        throw RPCError(.timedOut, "The attestation did not become final in time.")
    }

    /// Whether the ledger says what the statement says, looked at until it does, at most `patience` times.
    private func stands(_ statement: NumberStatement, patience: Int) async -> Bool {
        for attempt in 0..<patience {
            if attempt > 0 { try? await Task.sleep(for: .milliseconds(50)) }
            let entry = try? await chain.entry(NumberEntry.self, StateKey(.number, statement.commitment))
            if entry == NumberEntry(expiry: statement.expiry, isReleased: statement.isRelease) { return true }
        }
        return false
    }
}

extension PhoneService.Answers {
    /// Why there are too few: the refusal that most validators gave, or silence.
    var error: RPCError {
        let counts = Dictionary(grouping: refused, by: \.refusal.rawValue).mapValues(\.count)
        guard let most = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }), most.value >= silent.count else {
            return RPCError(.peerUnreachable, "Too few validators answered.")
        }
        let code: RPCErrorCode = most.key == NumberAnswer.Refusal.quota.rawValue ? .rateLimited : .forbidden
        return RPCError(code, "The validators refused: \(most.key).", data: ["reason": .string(most.key)])
    }
}
