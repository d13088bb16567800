import Crypto
import EventLoop
import Ledger
import Primitives
package import RPC
import Synchronization
import Wire

/// A home node's part in recorded calls: it states on the ledger that one of its members stands behind a per-call key,
/// and says what the ledger knows of recordings.
package final class RecordingService: NodeServicing {
    /// Recordings in one list.
    static let listMax = 1_000
    /// Per-call keys remembered with the member behind each, so that only it can end its part. Lost at a restart.
    static let keysMax = 65_536
    /// How long a transaction may take.
    static let patience = Duration.seconds(20)
    /// A minute that this node's clock has just begun may lie in the record's future.
    static let slackMilliseconds: UInt64 = 5_000

    private let node: NodeRuntime
    private let keys = Mutex<[PublicKey: MemberID]>([:])

    package init(node: NodeRuntime) { self.node = node }

    package func install(on node: NodeRuntime) async {}

    package var methods: [RPCMethod] { [open, accept, end, list, show] }

    // MARK: Calls

    private static let seatParameters = [
        RPCParameter("call", .identifier, "the call"), RPCParameter("key", .identifier, "the member's per-call key"),
        RPCParameter(
            "certificate", .identifier, "SHA-256 of salt and signed certificate: who opens it shows who stands behind"),
    ]

    private var open: RPCMethod {
        RPCMethod(
            "call.open", "States on the ledger that a call is to be recorded, and takes the caller's seat.",
            parameters: Self.seatParameters + [
                RPCParameter("owner", .member, required: false, "who will hold the rights; the caller by default")
            ],
            result: RPCParameter("call", .object, "{recording, transaction, height}"), errors: [.refused, .busy],
            authority: .member, rateClass: .heavy
        ) { [self] call throws(RPCError) in
            let (id, key, certificate) = try seat(call.arguments)
            guard let member = call.member else { throw RPCError(.unauthorised) }
            let owner = call.arguments["owner"] == nil ? member : try call.arguments.member("owner")
            var hash = SHA256()
            let seat = CallSeat(
                key: key, certificate: certificate,
                roster: CallSeat.rosterHash(call: id, keys: [key], with: &hash), minute: minute)
            let outcome = try await execute(.callOpen(CallOpen(call: id, seat: seat, owner: owner)))
            remember(key, of: member)
            return answer(outcome, RuleBook.recordingID(call: id, opening: outcome.id, with: &hash))
        }
    }

    private var accept: RPCMethod {
        RPCMethod(
            "call.accept", "Takes another participant's seat in a call that is to be recorded.",
            parameters: Self.seatParameters, result: RPCParameter("call", .object, "{recording, transaction, height}"),
            errors: [.notFound, .refused, .busy], authority: .member, rateClass: .heavy
        ) { [self] call throws(RPCError) in
            let (id, key, certificate) = try seat(call.arguments)
            guard let member = call.member else { throw RPCError(.unauthorised) }
            var attempts = 3
            while true {
                guard let entry = try? await node.chain.entry(CallEntry.self, StateKey(.call, id)) else {
                    throw RPCError(.notFound, "The ledger has no such call.")
                }
                var hash = SHA256()
                let roster = CallSeat.rosterHash(call: id, keys: entry.seats.map(\.key) + [key], with: &hash)
                let seat = CallSeat(key: key, certificate: certificate, roster: roster, minute: minute)
                do throws(RPCError) {
                    let outcome = try await execute(.callAccept(CallAccept(call: id, seat: seat)))
                    remember(key, of: member)
                    return answer(outcome, entry.recording)
                } catch {
                    // Another took a seat in between: the roster is another one now.
                    attempts -= 1
                    guard attempts > 0, error.data?["result"]?.string == "rosterMismatch" else { throw error }
                }
            }
        }
    }

    private var end: RPCMethod {
        RPCMethod(
            "call.end", "Ends a recorded call: nobody joins or consents any more; seals still come in.",
            parameters: [
                RPCParameter("call", .identifier, "the call"), RPCParameter("key", .identifier, "the per-call key"),
            ], result: RPCParameter("outcome", .object, "{transaction, height}"),
            errors: [.forbidden, .refused, .busy], authority: .member, rateClass: .heavy
        ) { [self] call throws(RPCError) in
            let key: PublicKey = try call.arguments.identifier("key")
            let id: CallID = try call.arguments.identifier("call")
            guard let member = call.member, keys.withLock({ $0[key] }) == member,
                let entry = try? await node.chain.entry(CallEntry.self, StateKey(.call, id)),
                entry.seats.contains(where: { $0.key == key })
            else { throw RPCError(.forbidden) }
            let outcome = try await execute(.callEnd(CallEnd(call: id, minute: minute)))
            keys.withLock { $0[key] = nil }
            return answer(outcome, nil)
        }
    }

    private func seat(_ arguments: RPCArguments) throws(RPCError) -> (CallID, PublicKey, Digest) {
        let key: PublicKey = try arguments.identifier("key")
        guard key.isAcceptableForRegistration else { throw .parameter("key", expected: "an Ed25519 key") }
        return (try arguments.identifier("call"), key, try arguments.identifier("certificate"))
    }

    /// Notes whose a key is that has its seat on the ledger now. When the table is full the member cannot have the node
    /// end its call; the ledger's own rules still hold.
    private func remember(_ key: PublicKey, of member: MemberID) {
        keys.withLock { keys in
            if keys.count < Self.keysMax { keys[key] = member }
        }
    }

    private var minute: UInt64 { (SystemTime.utc.rawValue - Self.slackMilliseconds) / 60_000 }

    /// Signs as this node, and waits until it is final.
    private func execute(_ operation: Ledger.Operation) async throws(RPCError) -> TransactionOutcome {
        let chain = node.rules.chain
        let transaction = Transaction(
            operation, from: AuthorID(node.member), chain: chain,
            nonce: SecureRandom.bytes(count: Transaction.nonceByteCount),
            until: SystemTime.utc.adding(milliseconds: node.rules.genesis.limits.untilWindow / 2))
        let envelope = node.keys.sign.sign(.transaction, chain: chain, body: transaction.encoded).encoded
        let outcome: TransactionOutcome
        do throws(SubmitError) {
            outcome = try await node.chain.execute(envelope, within: Self.patience)
        } catch {
            throw error.rpc
        }
        guard outcome.result == .succeeded else { throw SubmitError.failing(outcome.result).rpc }
        return outcome
    }

    private func answer(_ outcome: TransactionOutcome, _ recording: RecordingID?) -> JSONValue {
        var members = [
            JSONValue.Member("transaction", .string(outcome.id.hex)),
            JSONValue.Member("height", .unsigned(outcome.height.rawValue)),
        ]
        if let recording { members.append(JSONValue.Member("recording", .string(recording.hex))) }
        return .object(members)
    }

    // MARK: Recordings

    private var list: RPCMethod {
        RPCMethod(
            "recording.list", "The recordings in which a member holds the rights.",
            parameters: [
                RPCParameter("owner", .member, "who holds the rights"),
                RPCParameter("after", .identifier, required: false, "the last recording of the page before"),
            ], result: RPCParameter("recordings", .object, "{recordings: [id], more}"), rateClass: .heavy
        ) { [self] call throws(RPCError) in
            let owner = try call.arguments.member("owner")
            let after: RecordingID? =
                call.arguments["after"] == nil ? nil : try call.arguments.identifier("after")
            guard let all = try? await node.chain.values(under: .recording) else { throw RPCError(.internalError) }
            var found: [JSONValue] = []
            for (key, value) in all where after.map({ key.first > $0.raw }) ?? true {
                guard let entry = try? RecordingEntry(decoding: value), entry.owner == owner else { continue }
                if found.count == Self.listMax { return ["recordings": .list(found), "more": true] }
                found.append(.string(key.first.hex))
            }
            return ["recordings": .list(found), "more": false]
        }
    }

    private var show: RPCMethod {
        RPCMethod(
            "recording.show", "What the ledger says about a recording.",
            parameters: [RPCParameter("recording", .identifier, "which")],
            result: RPCParameter(
                "recording", .object,
                """
                {recording, state, call, owner, began, ended, holders, rights, \
                participants: [{key, home, consent, seal}]}
                """), errors: [.notFound], rateClass: .normal
        ) { [self] call throws(RPCError) in
            let store = node.chain.store
            let recording: RecordingID = try call.arguments.identifier("recording")
            guard let summary = try? await RecordingSummary(recording, read: { try store.value(for: $0) }) else {
                throw RPCError(.notFound)
            }
            return summary.json
        }
    }
}
