import Consensus
import Crypto
import EventLoop
import Ledger
package import Primitives
package import RPC
import Synchronization
import Wire

/// A peer: a light client that runs on, with an RPC port of its own. It keeps the newest record and the handovers, and
/// no block. What it is asked it asks its home node, and gives on only what is proven against a record that its
/// witnesses show as well. Transactions are handed on as they are: their signatures are the member's.
package final class PeerServer: Sendable {
    /// How often the home node is asked for something newer.
    private static let pace = Duration.milliseconds(500)
    /// Records known to be shown by enough witnesses; of more, the oldest are asked for again.
    private static let confirmedMax = 64

    private let follower: LightFollower
    private let store: LightStore
    private let home: ProvenLedger
    private let log: Log
    private let server = Mutex<RPCServer?>(nil)
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let confirmed = Mutex<[Record]>([])

    /// - Parameters:
    ///   - member: whose peer it is; clients learn it by `rpc.identity`.
    ///   - follower: follows the same node as `home`.
    package init(
        member: MemberID, follower: LightFollower, store: LightStore, home: ProvenLedger, rpc settings: RPCSettings,
        version: String, log: Log
    ) {
        self.follower = follower
        self.store = store
        self.home = home
        self.log = log
        var registry = RPCRegistry(version: version)
        for method in methods { registry.add(method) }
        let node = RPCNode(
            id: member, chain: follower.rules.chain,
            standing: { [home] member, key in await Self.standing(of: member, key, home) },
            unreadiness: { [follower] in await Self.unreadiness(follower) })
        let rpc = RPCServer(
            loop: GLibLoop(name: "http"), settings: settings, registry: registry, node: node, metrics: MetricsRegistry()
        )
        server.withLock { $0 = rpc }
    }

    /// Listens and begins to follow; the port.
    package func start() async throws -> UInt16 {
        let running = Task { [follower, log] in  // Ended by `stop`.
            while !Task.isCancelled {
                do throws(FollowError) {
                    if case .advanced(let proven, let witnesses) = try await follower.round() {
                        log(
                            .info, "followed",
                            ["height": .counter(proven.record.height), "witnesses": .count(witnesses)])
                    }
                } catch {
                    if case .forked = error { return }
                    log(.warning, "not_followed", ["error": .word(String(describing: error))])
                }
                try? await Task.sleep(for: Self.pace)
            }
        }
        task.withLock { $0 = running }
        guard let server = server.withLock({ $0 }) else { return 0 }
        return try await server.start()
    }

    package func stop() async {
        task.withLock { $0 }?.cancel()
        await server.withLock { $0 }?.stop()
        await store.close()
    }

    // MARK: Questions

    private static func standing(of member: MemberID, _ key: PublicKey, _ home: ProvenLedger) async -> MemberStanding {
        guard let fact = try? await home.fact(StateKey(.member, member)), let value = fact.value,
            let entry = try? MemberEntry(decoding: value)
        else { return .unknownMember }
        if entry.standing != .active { return .suspended }
        return entry.keys.sign == key ? .active : .key
    }

    private static func unreadiness(_ follower: LightFollower) async -> String? {
        if await follower.alarm != nil { return "the ledger was split: see sotto light alarm" }
        return await follower.head == nil ? "no record was taken yet" : nil
    }

    /// Runs a question to the home node; the record that its answer leans on must be shown by enough witnesses.
    private func asked<Value: Sendable>(
        _ question: @Sendable () async throws(LightError) -> (Value, ProvenRecord?)
    ) async throws(RPCError) -> Value {
        if await follower.alarm != nil { throw RPCError(.conflict, "The ledger was split; this peer trusts nobody.") }
        let (value, proven): (Value, ProvenRecord?)
        do throws(LightError) {
            (value, proven) = try await question()
        } catch {
            switch error {
            case .rpc(.refused(let refusal)): throw refusal
            case .rpc: throw RPCError(.peerUnreachable, "The home node cannot be reached.")
            case .malformedAnswer, .unproven:
                throw RPCError(.conflict, "The home node's answer is not proven.")
            }
        }
        if let proven, !confirmed.withLock({ $0.contains(proven.record) }) { try await confirm(proven) }
        return value
    }

    private func confirm(_ proven: ProvenRecord) async throws(RPCError) {
        let isEnough: Bool
        do throws(FollowError) {
            isEnough = try await follower.confirm(proven) >= (await follower.needed)
        } catch {
            throw RPCError(.conflict, "The ledger was split; this peer trusts nobody.")
        }
        guard isEnough else { throw .later(.notReady, retryAfter: .seconds(1)) }
        confirmed.withLock { confirmed in
            confirmed.append(proven.record)
            if confirmed.count > Self.confirmedMax { confirmed.removeFirst() }
        }
    }

    // MARK: Methods

    private var methods: [RPCMethod] { [status, record, handovers, state, proof, submit] }

    private var status: RPCMethod {
        RPCMethod(
            "node.status", "How this peer stands.",
            result: RPCParameter("status", .object, "{role, network, chain, height, time, record, logSize, stalled}")
        ) { [follower] _ throws(RPCError) in
            let head = await follower.head?.record
            var hash = SHA256()
            return [
                "role": "peer", "network": .string(follower.rules.genesis.name),
                "chain": .string(follower.rules.chain.hex), "height": .unsigned(head?.height.rawValue ?? 0),
                "time": .unsigned(head?.time.rawValue ?? 0),
                "record": head.map { .string($0.cid(with: &hash).digest.hex) } ?? .null,
                "logSize": .unsigned(head?.logSize ?? 0),
                "stalled": await Self.unreadiness(follower).map { .string($0) } ?? .null,
            ]
        }
    }

    private var record: RPCMethod {
        RPCMethod(
            "ledger.record", "The newest record that was taken, with the proof that it is final.",
            result: RPCParameter(
                "record", .object, "{height, proven, validators}: {record, finality}, and the set that decided it"),
            errors: [.notReady]
        ) { [follower] _ throws(RPCError) in
            guard let checkpoint = await follower.checkpoint else { throw .later(.notReady, retryAfter: .seconds(1)) }
            return [
                "height": .unsigned(checkpoint.proven.record.height.rawValue),
                "proven": .string(Hex.encode(checkpoint.proven.encoded)),
                "validators": .string(Hex.encode(checkpoint.list.encoded)),
            ]
        }
    }

    private var handovers: RPCMethod {
        RPCMethod(
            "ledger.handovers", "How validator epochs handed over to one another, as this peer followed them.",
            parameters: [RPCParameter("from", .unsigned, "the validator epoch whose end comes first")],
            result: RPCParameter(
                "handovers", .list(of: .bytes(byteCountMax: 1 << 20), countMax: LedgerService.handoversMax),
                "dag-cbor of each"),
            errors: [.internalError], rateClass: .heavy
        ) { [store] call throws(RPCError) in
            let epoch = ValidatorEpoch(try call.arguments.unsigned("from"))
            guard let list = try? await store.handovers(from: epoch, limit: LedgerService.handoversMax) else {
                throw RPCError(.internalError)
            }
            return .list(list.map { .string(Hex.encode($0.encoded)) })
        }
    }

    private var state: RPCMethod {
        RPCMethod(
            "ledger.state", "A fact of the state, or its absence, proven by the home node and seen by witnesses.",
            parameters: [RPCParameter("key", .bytes(byteCountMax: StateKey.byteCount), "the 65 bytes of the key")],
            result: RPCParameter("fact", .object, "{value, proof, record, finality}; value null when nothing stands"),
            errors: [.invalidParameters, .notReady, .conflict, .peerUnreachable], rateClass: .heavy
        ) { [weak self] call throws(RPCError) in
            guard let key = StateKey(try call.arguments.bytes("key")), let self else {
                throw .parameter("key", expected: "65 bytes with a known prefix")
            }
            let fact = try await asked { [home] () throws(LightError) in
                let fact = try await home.fact(key)
                return (fact, fact.finality.map { ProvenRecord(record: fact.record, finality: $0) })
            }
            return fact.json
        }
    }

    private var proof: RPCMethod {
        RPCMethod(
            "ledger.proof", "A transaction's place in the log, proven by the home node and seen by witnesses.",
            parameters: [RPCParameter("id", .identifier, "the transaction's id")],
            result: RPCParameter("proof", .object, "{leaf, index, path, record, finality, bundle}"),
            errors: [.invalidParameters, .notFound, .notReady, .pruned, .conflict, .peerUnreachable], rateClass: .heavy
        ) { [weak self] call throws(RPCError) in
            let id: TransactionID = try call.arguments.identifier("id")
            guard let self else { throw RPCError(.internalError) }
            let bundle = try await asked { [home] () throws(LightError) in
                let bundle = try await home.inclusion(of: id)
                return (bundle, ProvenRecord(record: bundle.record, finality: bundle.finality))
            }
            return bundle.json
        }
    }

    private var submit: RPCMethod {
        RPCMethod(
            "ledger.submit", "Hands a signed transaction on to the home node. Its outcome is proven by ledger.proof.",
            parameters: [
                RPCParameter("envelope", .bytes(byteCountMax: CeilingOf.transactionBytes), "dag-cbor of the envelope"),
                RPCParameter(
                    "wait", .unsigned(max: LedgerService.waitMax), required: false, "milliseconds to wait"),
            ],
            result: RPCParameter("outcome", .object, "the home node's word: {id} or {id, height, index, code, result}"),
            errors: [.refused, .busy, .timedOut, .invalidParameters, .peerUnreachable], rateClass: .normal
        ) { [home] call throws(RPCError) in
            var params: [JSONValue.Member] = [
                .init("envelope", .string(Hex.encode(try call.arguments.bytes("envelope"))))
            ]
            if let wait = call.arguments["wait"] { params.append(.init("wait", wait)) }
            do throws(RPCClientError) {
                return try await home.node.rpc.call("ledger.submit", .object(params))
            } catch {
                if case .refused(let refusal) = error { throw refusal }
                throw RPCError(.peerUnreachable, "The home node cannot be reached.")
            }
        }
    }
}
