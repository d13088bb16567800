import Consensus
import Crypto
import Ledger
import Primitives
import RPC
import Wire

/// Proofs, for whoever does not believe this node: devices, light clients, auditors.
extension LedgerService {
    /// Transactions, and keys, in one bundle.
    static let claimsMax = 64
    /// Handovers in one answer.
    static let handoversMax = 64

    var proofMethods: [RPCMethod] { [proof, bundle, record, handovers, consistency] }

    private var proof: RPCMethod {
        RPCMethod(
            "ledger.proof",
            "Proves that a transaction and its result stand on the ledger, or what the state holds under a key.",
            parameters: [
                RPCParameter("id", .identifier, required: false, "a transaction's id"),
                RPCParameter(
                    "key", .bytes(byteCountMax: StateKey.byteCount), required: false, "or the 65 bytes of a state key"),
            ],
            result: RPCParameter(
                "proof", .object,
                "{leaf, index, path, record, finality, bundle}: the leaf is in the log of the newest record; or "
                    + "{value, proof, record, finality}: value null when nothing stands there"),
            errors: [.invalidParameters, .notFound, .notReady, .pruned, .internalError], rateClass: .heavy
        ) { call throws(RPCError) in
            if call.arguments["key"] != nil {
                guard call.arguments["id"] == nil else { throw .parameter("key", expected: "no id beside it") }
                return try await fact(call)
            }
            let id: TransactionID = try call.arguments.identifier("id")
            if let outcome = await chain.outcome(of: id) { _ = try chain.store.served(outcome.height) }
            guard let bundle = chain.store.inclusionBundle(of: id) else { throw RPCError(.notFound) }
            return bundle.json
        }
    }

    /// The answer about a key: of `ledger.state`, and of `ledger.proof` with one.
    func fact(_ call: RPCCall) async throws(RPCError) -> JSONValue {
        guard let key = StateKey(try call.arguments.bytes("key")) else {
            throw .parameter("key", expected: "65 bytes with a known prefix")
        }
        guard let fact = await chain.fact(key) else { throw RPCError(.internalError) }
        return fact.json
    }

    private var bundle: RPCMethod {
        RPCMethod(
            "ledger.bundle", "All that a check of transactions and facts needs without a network, as one file.",
            parameters: [
                RPCParameter(
                    "ids", .list(of: .identifier, countMax: Self.claimsMax), required: false, "transactions to prove"),
                RPCParameter(
                    "keys", .list(of: .bytes(byteCountMax: StateKey.byteCount), countMax: Self.claimsMax),
                    required: false, "state keys to prove, of 65 bytes each"),
            ],
            result: RPCParameter(
                "bundle", .object, "{bundle, height}: dag-cbor of the proof bundle, and of which record"),
            errors: [.invalidParameters, .notFound, .notReady, .pruned, .internalError], rateClass: .heavy
        ) { call throws(RPCError) in
            let ids = (call.arguments["ids"]?.list ?? []).compactMap { $0.string.flatMap { TransactionID(hex: $0) } }
            let names = call.arguments["keys"]?.list ?? []
            let keys = names.compactMap { $0.string.flatMap { Hex.decode($0) }.flatMap { StateKey($0) } }
            guard keys.count == names.count else { throw .parameter("keys", expected: "65 bytes with a known prefix") }
            do throws(ChainStore.ProofError) {
                let claims = try await chain.claims(of: ids, keys)
                // Taken afterwards, so that none is missing; one more than is needed does no harm.
                let bundle = claims.led(
                    by: try chain.store.handovers(from: .zero, limit: Handover.countMax, rules: chain.rules))
                return [
                    "bundle": .string(Hex.encode(bundle.encoded)), "height": .unsigned(bundle.record.height.rawValue),
                ]
            } catch {
                throw error.rpc(lowest: chain.store.floor)
            }
        }
    }

    private var record: RPCMethod {
        RPCMethod(
            "ledger.record", "A record with the proof that it is final; without a height the newest.",
            parameters: [RPCParameter("height", .unsigned, required: false, "its height, from 1")],
            result: RPCParameter(
                "record", .object, "{height, proven, validators}: {record, finality}, and the set that decided it"),
            errors: [.notFound], rateClass: .normal
        ) { call throws(RPCError) in
            let height: Height
            if call.arguments["height"] != nil {
                height = Height(try call.arguments.unsigned("height"))
            } else {
                height = await chain.currentTip.record.height
            }
            guard let proven = chain.store.provenRecord(at: height) else { throw RPCError(.notFound) }
            let list = chain.store.validatorList(of: proven.record.epoch)
            return [
                "height": .unsigned(height.rawValue), "proven": .string(Hex.encode(proven.encoded)),
                "validators": list.map { .string(Hex.encode($0.encoded)) } ?? .null,
            ]
        }
    }

    private var handovers: RPCMethod {
        RPCMethod(
            "ledger.handovers", "How validator epochs handed over to one another, each proven by the set before.",
            parameters: [RPCParameter("from", .unsigned, "the validator epoch whose end comes first")],
            result: RPCParameter(
                "handovers", .list(of: .bytes(byteCountMax: 1 << 20), countMax: Self.handoversMax),
                "dag-cbor of each; empty when this epoch has not ended"),
            errors: [.internalError], rateClass: .heavy
        ) { call throws(RPCError) in
            let epoch = ValidatorEpoch(try call.arguments.unsigned("from"))
            do throws(ChainStore.ProofError) {
                return .list(
                    try chain.store.handovers(from: epoch, limit: Self.handoversMax, rules: chain.rules)
                        .map { .string(Hex.encode($0.encoded)) })
            } catch {
                throw error.rpc(lowest: chain.store.floor)
            }
        }
    }

    private var consistency: RPCMethod {
        RPCMethod(
            "ledger.consistency",
            "Proves that the log of one size is the beginning of that of a later size, and of the newest record's.",
            parameters: [RPCParameter("from", .unsigned, "old size"), RPCParameter("to", .unsigned, "new size")],
            result: RPCParameter(
                "consistency", .object,
                "{fromRoot, toRoot, path, anchor, proven}: path from the old to the new size, anchor from there to the "
                    + "log of the proven record (RFC 9162 section 2.1.4)"),
            errors: [.invalidParameters, .notReady], rateClass: .heavy
        ) { call throws(RPCError) in
            let (old, new) = (try call.arguments.unsigned("from"), try call.arguments.unsigned("to"))
            let tip = await chain.currentTip
            guard old <= new, new <= tip.log.size else {
                throw .parameter("to", expected: "a size that the log has reached, not below from")
            }
            guard let proven = chain.store.provenRecord(at: tip.record.height) else { throw RPCError(.notReady) }
            guard let proof = chain.store.consistency(from: old, to: new, in: proven) else {
                throw RPCError(.internalError)
            }
            return proof.json
        }
    }
}

extension ProvenFact {
    /// As it is answered.
    var json: JSONValue {
        [
            "value": value.map { .string(Hex.encode($0)) } ?? .null, "proof": .string(Hex.encode(proof.encoded)),
            "record": .string(Hex.encode(record.encoded)),
            "finality": finality.map { .string(Hex.encode($0.encoded)) } ?? .null,
        ]
    }
}

extension InclusionBundle {
    /// As it is answered.
    var json: JSONValue {
        [
            "leaf": .string(Hex.encode(leaf.bytes)), "index": .unsigned(index),
            "path": .list(path.map { .string($0.hex) }), "record": .string(Hex.encode(record.encoded)),
            "finality": .string(Hex.encode(finality.encoded)), "bundle": .string(Hex.encode(encoded)),
        ]
    }
}

extension ChainStore.ProofError {
    /// What a client of the RPC hears; `lowest` is the lowest height with transactions.
    func rpc(lowest: Height) -> RPCError {
        switch self {
        case .noRecord: RPCError(.notReady, "The network has no final block yet.")
        case .unknownTransaction(let id):
            RPCError(.notFound, "No such transaction is on the ledger.", data: ["id": .string(id.hex)])
        case .store(let error): error.rpc(lowest: lowest)
        case .failed: RPCError(.internalError)
        }
    }
}
