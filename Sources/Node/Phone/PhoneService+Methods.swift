import Crypto
import EventLoop
import Kademlia
import Ledger
import Links
import Primitives
package import RPC
import Wire

/// `number.*`: what a member asks its home node.
extension PhoneService {
    package var methods: [RPCMethod] { [evaluateMethod, attestMethod, releaseMethod, putMethod, getMethod] }

    /// The longest signed record.
    static let recordByteCountMax = StoredRecord.byteCountMax + 192

    private var evaluateMethod: RPCMethod {
        RPCMethod(
            "number.evaluate", "Carries a member's signed request for blinded evaluation to the validators.",
            parameters: [
                RPCParameter(
                    "request", .bytes(byteCountMax: BlindEvaluationRequest.byteCountMax + 256),
                    "dag-cbor of the signed request"),
                RPCParameter(
                    "count", .unsigned(max: UInt64(ThresholdPublicKeys.memberCountMax)), required: false,
                    "answers to wait for; the threshold when absent"),
            ],
            result: RPCParameter(
                "answers", .object, "{answers: [{validator, sealed}], refused: [{validator, reason}], silent}"),
            errors: [.forbidden, .invalidParameters, .unsupported], authority: .member, rateClass: .heavy
        ) { [weak self] call throws(RPCError) in
            guard let self else { throw RPCError(.internalError) }
            let bytes = try call.arguments.bytes("request")
            guard let object = try? SignedObject(decoding: bytes),
                let signed = try? SignedKeyRequest<BlindEvaluationRequest>(object)
            else { throw .parameter("request", expected: "a signed request for blinded evaluation") }
            guard signed.request.member == call.member else { throw RPCError(.forbidden) }
            guard let keys = node.rules.genesis.threshold.first(where: { $0.purpose == .phone }) else {
                throw RPCError(.unsupported, "The network has no key for phone numbers.")
            }
            let wanted =
                call.arguments["count"] == nil ? keys.threshold : Int(try call.arguments.unsigned("count"))
            let answers = await gather(.evaluate, wanted: wanted, body: { _ in bytes })
            return [
                "answers": .list(
                    answers.granted.map {
                        ["validator": .string($0.validator.hex), "sealed": .string(Hex.encode($0.content))]
                    }),
                "refused": .list(
                    answers.refused.map {
                        ["validator": .string($0.validator.hex), "reason": .string($0.refusal.rawValue)]
                    }), "silent": .list(answers.silent.map { .string($0.hex) }),
            ]
        }
    }

    private static let statementParameter = RPCParameter(
        "statement", .bytes(byteCountMax: 128), "dag-cbor of what the validators sign: {v, expiry, release, commitment}"
    )

    private var attestMethod: RPCMethod {
        RPCMethod(
            "number.attest", "Has validators attest a number and puts the attestation on the ledger.",
            parameters: [
                Self.statementParameter,
                RPCParameter(
                    "claims", .list(of: .object, countMax: CeilingOf.validators),
                    "{validator, sealed}: the evidence, sealed to each validator"),
            ],
            result: RPCParameter("attested", .object, "{commitment, expiry}"),
            errors: [.forbidden, .invalidParameters, .peerUnreachable, .rateLimited, .timedOut], authority: .member,
            rateClass: .heavy
        ) { [weak self] call throws(RPCError) in
            guard let self else { throw RPCError(.internalError) }
            let statement = try Self.statement(call.arguments, isRelease: false)
            var claims: [MemberID: [UInt8]] = [:]
            for claim in try call.arguments.list("claims") {
                guard let validator = claim["validator"]?.string.flatMap({ MemberID(hex: $0) }),
                    let sealed = claim["sealed"]?.string.flatMap({ Hex.decode($0) }),
                    sealed.count <= NumberQuestion.contentByteCountMax
                else { throw .parameter("claims", expected: "a list of {validator, sealed}") }
                claims[validator] = sealed
            }
            try await establish(statement) { claims[$0].map { .claim($0) } }
            return Self.json(statement)
        }
    }

    private var releaseMethod: RPCMethod {
        RPCMethod(
            "number.release", "Has validators attest that a number is given up and puts that on the ledger.",
            parameters: [
                Self.statementParameter,
                RPCParameter("release", .bytes(byteCountMax: 512), "dag-cbor of the release, signed by the writer"),
            ],
            result: RPCParameter("released", .object, "{commitment, expiry}"),
            errors: [.forbidden, .invalidParameters, .peerUnreachable, .rateLimited, .timedOut], authority: .member,
            rateClass: .heavy
        ) { [weak self] call throws(RPCError) in
            guard let self else { throw RPCError(.internalError) }
            let statement = try Self.statement(call.arguments, isRelease: true)
            let release = try call.arguments.bytes("release")
            try await establish(statement) { _ in .release(release) }
            if let wish = try? NumberRelease(decoding: SignedObject(decoding: release).body) {
                await keeper.forget(wish.location)
            }
            return Self.json(statement)
        }
    }

    private var putMethod: RPCMethod {
        RPCMethod(
            "number.put", "Stores a member's sealed phone record in the DHT and keeps it there while it lives.",
            parameters: [
                RPCParameter("record", .bytes(byteCountMax: Self.recordByteCountMax), "dag-cbor of the signed record"),
                RPCParameter(
                    "salt", .bytes(byteCountMax: NumberClaim.saltByteCount), "of the attestation, for the storers"),
            ],
            result: RPCParameter("stored", .object, "{location, sequence, expiry, copies}"),
            errors: [.forbidden, .conflict, .tooLarge, .invalidParameters, .peerUnreachable], authority: .member,
            rateClass: .heavy
        ) { [weak self] call throws(RPCError) in
            guard let self, let member = call.member else { throw RPCError(.internalError) }
            guard let object = try? SignedObject(decoding: try call.arguments.bytes("record")),
                let record = try? SignedRecord(object).record, record.kind == .phone
            else { throw .parameter("record", expected: "a signed phone record") }
            let salt = try call.arguments.bytes("salt")
            guard await chain.isAttested(location: record.location, writer: object.key, salt: salt) else {
                throw RPCError(.forbidden, "The ledger holds no attestation of this record.")
            }
            let copies: Int
            do throws(DHTError) {
                copies = try await store(object, evidence: salt)
            } catch {
                throw error.rpc
            }
            guard await keeper.keep(object, record, evidence: salt, for: member) else {
                throw RPCError(.tooLarge, data: ["limit": .unsigned(UInt64(RecordKeeper.perMemberMax))])
            }
            return [
                "location": .string(record.location.hex), "sequence": .unsigned(record.sequence),
                "expiry": .unsigned(record.expiry.rawValue), "copies": .unsigned(UInt64(copies)),
            ]
        }
    }

    /// Stores a record that the ledger attests here. Storers judge by the ledger as they have it, and one that is a
    /// block behind refuses what it takes a moment later; so they are asked again, for as long as a block may take.
    private func store(_ object: SignedObject, evidence: [UInt8]) async throws(DHTError) -> Int {
        for pause in Self.storingPauses {
            do throws(DHTError) {
                return try await node.dht.put(object, evidence: evidence)
            } catch {
                guard case .tooFewConfirmations = error, (try? await Task.sleep(for: pause)) != nil else { throw error }
            }
        }
        return try await node.dht.put(object, evidence: evidence)
    }

    private static let storingPauses: [Duration] = [.milliseconds(250), .seconds(1), .seconds(2)]

    private var getMethod: RPCMethod {
        RPCMethod(
            "number.get", "Reads the sealed phone record at a location, with the care that a call needs.",
            parameters: [RPCParameter("location", .identifier, "from the evaluation of the number")],
            result: RPCParameter("record", .object, "{record}: dag-cbor of the signed record"),
            errors: [.notFound, .peerUnreachable], authority: .member, rateClass: .heavy
        ) { [weak self] call throws(RPCError) in
            guard let self else { throw RPCError(.internalError) }
            let location: DHTKey = try call.arguments.identifier("location")
            let found: SignedRecord?
            do throws(DHTError) {
                found = try await node.dht.get(location, .phone, care: .careful)
            } catch {
                throw error.rpc
            }
            guard let found else { throw RPCError(.notFound) }
            return ["record": .string(Hex.encode(found.object.encoded))]
        }
    }

    private static func statement(_ arguments: RPCArguments, isRelease: Bool) throws(RPCError) -> NumberStatement {
        guard let statement = try? NumberStatement(decoding: try arguments.bytes("statement")),
            statement.isRelease == isRelease
        else { throw .parameter("statement", expected: "a statement about a number") }
        return statement
    }

    private static func json(_ statement: NumberStatement) -> JSONValue {
        ["commitment": .string(statement.commitment.hex), "expiry": .unsigned(statement.expiry.rawValue)]
    }
}

extension DHTError {
    /// What a client of the RPC hears.
    var rpc: RPCError {
        switch self {
        case .stopped: RPCError(.internalError, "The node is stopping.")
        case .busy: .later(.busy, retryAfter: .seconds(1))
        case .unreachable: RPCError(.peerUnreachable)
        case .tooFewConfirmations(let confirmed, let needed):
            RPCError(
                .peerUnreachable, "Too few nodes stored the record.",
                data: ["confirmed": .unsigned(UInt64(confirmed)), "needed": .unsigned(UInt64(needed))])
        case .newerExists: RPCError(.conflict, "A newer record lies there.")
        case .refused: RPCError(.forbidden, "The record is not well formed, or the ledger does not attest its writer.")
        }
    }
}
