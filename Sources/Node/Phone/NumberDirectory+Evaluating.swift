import Crypto
import EventLoop
import Ledger
import Primitives
import RPC
import Wire

/// The oblivious part: a number goes out blinded, enough validators evaluate it, and only here is there an output.
extension NumberDirectory {
    struct Evaluated: Sendable {
        /// 64 bytes: what location and sealing key come from. As secret as the number.
        let output: [UInt8]
        let faulty: [MemberID]
    }

    /// A validator as the genesis document names it, in the order in which shares were dealt.
    struct Seat: Sendable {
        let index: Int
        let member: MemberID
        let agreement: AgreementKey
    }

    /// The state of one evaluation.
    private struct Collection {
        var combiner: ThresholdCombiner
        var heard: Set<MemberID> = []
        var refusals: [NumberAnswer.Refusal] = []
        var faulty: [MemberID] = []
        var unreadable: [MemberID] = []
    }

    /// Asks for as many evaluations as are needed, and for all of them when one of those was bad.
    func evaluate(_ number: PhoneNumber) async throws(NumberError) -> Evaluated {
        guard let keys = home.genesis.threshold.first(where: { $0.purpose == .phone }) else { throw .noPhoneKey }
        let blinding = try blind(number)
        var collection = Collection(combiner: try combiner(keys, blinding.element))
        let answerKey = AgreementSecret.generate()
        let request = BlindEvaluationRequest(
            key: answerKey.publicKey, time: SystemTime.utc,
            nonce: SecureRandom.bytes(count: BlindEvaluationRequest.nonceByteCount), member: home.member,
            elements: [blinding.element])
        guard let request else { throw .ristretto(.badElementCount) }
        let object = home.keys.sign.sign(.blindEvaluation, chain: home.chain, body: request.encoded)
        for count in [keys.threshold, keys.memberCount] where !collection.combiner.isComplete {
            // The same signed bytes again: validators answer them again and count them once.
            let answer = try await ask(
                "number.evaluate", ["request": .string(Hex.encode(object.encoded)), "count": .unsigned(UInt64(count))])
            try await take(answer, of: object, with: answerKey, into: &collection)
        }
        guard collection.combiner.isComplete else {
            throw .tooFewShares(
                have: collection.combiner.members.count, need: keys.threshold, refusals: collection.refusals,
                faulty: collection.faulty, unreadable: collection.unreadable)
        }
        do throws(RistrettoError) {
            let combined = try collection.combiner.combined()
            let output = try VOPRF(.verifiable).finalize(blinding, evaluated: combined[0])
            return Evaluated(output: output, faulty: collection.faulty)
        } catch {
            throw .ristretto(error)
        }
    }

    private func blind(_ number: PhoneNumber) throws(NumberError) -> VOPRFBlinding {
        do throws(RistrettoError) {
            return try VOPRF(.verifiable).blind(number)
        } catch {
            throw .ristretto(error)
        }
    }

    private func combiner(
        _ keys: ThresholdPublicKeys, _ element: GroupElement
    ) throws(NumberError) -> ThresholdCombiner {
        do throws(RistrettoError) {
            return try ThresholdCombiner(keys, inputs: [element])
        } catch {
            throw .ristretto(error)
        }
    }

    private func take(
        _ answer: JSONValue, of object: SignedObject, with key: AgreementSecret, into collection: inout Collection
    ) async throws(NumberError) {
        let seats = Dictionary(seats().map { ($0.member, $0) }) { first, _ in first }
        collection.refusals = (answer["refused"]?.list ?? []).compactMap {
            $0["reason"]?.string.flatMap { NumberAnswer.Refusal(rawValue: $0) }
        }
        for item in (answer["answers"]?.list ?? []).prefix(ThresholdPublicKeys.memberCountMax) {
            guard let validator = item["validator"]?.string.flatMap({ MemberID(hex: $0) }), let seat = seats[validator],
                let sealed = item["sealed"]?.string.flatMap({ Hex.decode($0) }),
                collection.heard.insert(validator).inserted
            else { continue }
            guard let plain = try await open(sealed, from: seat, request: SHA256.hash(object.body), with: key) else {
                collection.unreadable.append(validator)
                continue
            }
            do {
                let evaluation = try PartialEvaluation(decoding: plain)
                guard evaluation.index == seat.index else { throw RistrettoError.badShare(index: seat.index) }
                try collection.combiner.add(evaluation)
            } catch {
                // The seal came from the validator's own key: what is in it is the validator's.
                collection.faulty.append(validator)
            }
        }
    }

    /// Opens an answer with the validator's key of genesis, and with its key of today when that fails.
    private func open(
        _ sealed: [UInt8], from seat: Seat, request: Digest, with key: AgreementSecret
    ) async throws(NumberError) -> [UInt8]? {
        if let plain = try? NumberSeals.open(
            evaluation: sealed, with: key, from: seat.agreement, request: request, chain: home.chain)
        {
            return plain
        }
        guard let current = try await member(seat.member)?.keys.agreement, current != seat.agreement else { return nil }
        return try? NumberSeals.open(
            evaluation: sealed, with: key, from: current, request: request, chain: home.chain)
    }

    /// The validators of genesis: shares were dealt to them in ascending order of their ids.
    func seats() -> [Seat] {
        var hash = SHA256()
        var named: [(MemberID, AgreementKey)] = []
        for member in home.genesis.members where member.registration.roles.contains(.validator) {
            named.append((member.memberID(with: &hash), member.registration.keys.agreement))
        }
        return named.sorted { $0.0 < $1.0 }.enumerated().map {
            Seat(index: $0.offset + 1, member: $0.element.0, agreement: $0.element.1)
        }
    }
}
