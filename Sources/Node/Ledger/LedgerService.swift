import Consensus
import Crypto
import Ledger
import Primitives
package import RPC
import Wire

/// The ledger over the RPC: transactions in, blocks, outcomes, state and proofs out.
package struct LedgerService: NodeServicing {
    /// How long a caller may wait for finality, in milliseconds.
    static let waitMax: UInt64 = 60_000

    let chain: ChainActor
    private let blocks = RPCTopic(
        "ledger.blocks", "Every block that becomes final.",
        value: "{height, time, record, transactions, succeeded}")

    private let outcomes = RPCTopic(
        "ledger.outcomes", "What became of the transactions of every block that becomes final; nothing of empty ones.",
        value: "{height, time, ids, codes}: 32 bytes and 2 bytes for each transaction, as one hexadecimal text each")

    package init(node: NodeRuntime) { chain = node.chain }

    /// Of a chain that is only read.
    init(chain: ChainActor) { self.chain = chain }

    package var topics: [RPCTopic] { [blocks, outcomes] }

    package func install(on node: NodeRuntime) async {
        let (topic, outcomes) = (blocks, outcomes)
        await node.chain.listen { block in
            let record = block.record
            topic.publish([
                "height": .unsigned(record.height.rawValue), "time": .unsigned(record.time.rawValue),
                "record": .string(block.executed.tip.recordID.description),
                "transactions": .unsigned(UInt64(block.executed.transactions.count)),
                "succeeded": .unsigned(UInt64(block.executed.results.count { $0 == .succeeded })),
            ])
            if outcomes.subscriberCount > 0, !block.executed.transactions.isEmpty {
                outcomes.publish(Self.outcomes(of: block))
            }
        }
    }

    package var methods: [RPCMethod] { [submit, submitMany] + readingMethods }

    /// Those that change nothing.
    var readingMethods: [RPCMethod] { [outcome, block, transaction, state] + proofMethods }

    private var submit: RPCMethod {
        RPCMethod(
            "ledger.submit", "Hands in a signed transaction and, if asked, waits until it is final.",
            parameters: [
                RPCParameter("envelope", .bytes(byteCountMax: CeilingOf.transactionBytes), "dag-cbor of the envelope"),
                RPCParameter(
                    "wait", .unsigned(max: Self.waitMax), required: false, "milliseconds to wait for finality"),
            ],
            result: RPCParameter("outcome", .object, "{id} or {id, height, index, code, result}"),
            errors: [.refused, .busy, .timedOut, .invalidParameters], rateClass: .normal
        ) { call throws(RPCError) in
            let envelope = try call.arguments.bytes("envelope")
            do throws(SubmitError) {
                guard call.arguments["wait"] != nil, let wait = try? call.arguments.unsigned("wait") else {
                    return ["id": .string(try await chain.submit(envelope).hex)]
                }
                return try await chain.execute(envelope, within: .milliseconds(wait)).json
            } catch {
                throw error.rpc
            }
        }
    }

    private var outcome: RPCMethod {
        RPCMethod(
            "ledger.outcome", "What became of a transaction.",
            parameters: [RPCParameter("id", .identifier, "the transaction's id")],
            result: RPCParameter("outcome", .object, "{id, height, index, code, result}"), errors: [.notFound],
            rateClass: .normal
        ) { call throws(RPCError) in
            guard let outcome = await chain.outcome(of: try call.arguments.identifier("id")) else {
                throw RPCError(.notFound)
            }
            return outcome.json
        }
    }

    private var block: RPCMethod {
        RPCMethod(
            "ledger.block", "A finalised block; without a height the newest.",
            parameters: [RPCParameter("height", .unsigned, required: false, "its height, from 1")],
            result: RPCParameter(
                "block", .object,
                "{height, view, record, recordID, transactions, finality, bytes}; of what is erased only "
                    + "{id, operation, envelope, code, result}, and then bytes is null"),
            errors: [.notFound, .pruned], rateClass: .normal
        ) { call throws(RPCError) in
            let height: Height
            if call.arguments["height"] != nil {
                height = Height(try call.arguments.unsigned("height"))
            } else {
                height = await chain.currentTip.record.height
            }
            let (head, block) = try chain.store.served(height)
            var hash = SHA256()
            let transactions = zip(block.slots, block.codes).map { slot, code in
                switch slot {
                case .whole(let bytes): transactionJSON(bytes, code: code, with: &hash)
                case .erased(let gap): gapJSON(gap, code: code)
                }
            }
            let whole = try? chain.store.block(at: height)
            return [
                "height": .unsigned(height.rawValue), "view": .unsigned(head.header.view.rawValue),
                "recordID": .string(head.record.cid(with: &hash).description),
                "record": dagJSON(head.record.encoded), "transactions": .list(transactions),
                "finality": (chain.store.finalityProof(of: height)).map { .string(Hex.encode($0.encoded)) } ?? .null,
                "bytes": whole.map { .string(Hex.encode($0.encoded)) } ?? .null,
            ]
        }
    }

    private var transaction: RPCMethod {
        RPCMethod(
            "ledger.transaction", "A transaction with its outcome.",
            parameters: [RPCParameter("id", .identifier, "the transaction's id")],
            result: RPCParameter("transaction", .object, "{id, height, index, code, result, envelope, transaction}"),
            errors: [.notFound, .pruned], rateClass: .normal
        ) { call throws(RPCError) in
            let id: TransactionID = try call.arguments.identifier("id")
            guard let outcome = await chain.outcome(of: id) else { throw RPCError(.notFound) }
            let (_, block) = try chain.store.served(outcome.height)
            var hash = SHA256()
            guard let bytes = block.envelope(Int(outcome.index)) else {
                throw ChainStoreError.erased(outcome.height).rpc(lowest: chain.store.floor)
            }
            return .object(
                (outcome.json.members ?? []) + [
                    JSONValue.Member(
                        "envelopeID", .string(CID(of: bytes, .dagCBOR, with: &hash).description)),
                    JSONValue.Member("envelope", .string(Hex.encode(bytes))),
                    JSONValue.Member("transaction", bodyJSON(bytes)),
                ])
        }
    }

    private var state: RPCMethod {
        RPCMethod(
            "ledger.state", "A fact of the newest finalised state, or its absence, with a proof.",
            parameters: [RPCParameter("key", .bytes(byteCountMax: StateKey.byteCount), "the 65 bytes of the key")],
            result: RPCParameter("fact", .object, "{value, proof, record, finality}; value null when nothing stands"),
            errors: [.invalidParameters, .internalError], rateClass: .normal
        ) { call throws(RPCError) in try await fact(call) }
    }
}

/// An envelope of dag-cbor as JSON for people; bytes as hexadecimal.
func dagJSON(_ bytes: [UInt8]) -> JSONValue { (try? IPLDNode(decoding: bytes)).map { JSONValue($0) } ?? .null }

private func bodyJSON(_ envelope: [UInt8]) -> JSONValue {
    guard let signed = try? SignedObject(decoding: envelope) else { return .null }
    return dagJSON(signed.body)
}

private func transactionJSON(_ envelope: [UInt8], code: UInt16, with hash: inout SHA256) -> JSONValue {
    guard let signed = try? SignedObject(decoding: envelope),
        let transaction = try? Transaction(decoding: signed.body)
    else { return .null }
    let id = hash.digest(SigningKind.transaction.preimage(chain: transaction.chain, body: signed.body))
    return [
        "id": .string(id.hex), "operation": .string(transaction.operation.name.rawValue),
        "from": .string(transaction.from.hex), "code": .unsigned(UInt64(code)),
        "result": .string(TransactionResult(code: code)?.word ?? "unknown"),
    ]
}

private func gapJSON(_ gap: ErasedBlock.Gap, code: UInt16) -> JSONValue {
    [
        "id": .string(gap.id.hex), "operation": "erased", "envelope": .string(gap.envelope.hex),
        "code": .unsigned(UInt64(code)), "result": .string(TransactionResult(code: code)?.word ?? "unknown"),
    ]
}

extension TransactionResult {
    /// The result in one word.
    package var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed(let failure): String(describing: failure)
        case .refusedByPolicy(let refusal): "policy.\(refusal)"
        case .leaseRefused(let refusal): "lease.\(refusal)"
        }
    }
}

extension TransactionOutcome {
    package var json: JSONValue {
        [
            "id": .string(id.hex), "height": .unsigned(height.rawValue), "index": .unsigned(UInt64(index)),
            "code": .unsigned(UInt64(result.code)), "result": .string(result.word),
        ]
    }

    /// Nil unless this is what `json` makes.
    package init?(json: JSONValue) {
        guard let id = json["id"]?.string.flatMap({ TransactionID(hex: $0) }), let height = json["height"]?.unsigned,
            let index = json["index"]?.unsigned, index <= UInt64(UInt32.max), let code = json["code"]?.unsigned,
            code <= UInt64(UInt16.max), let result = TransactionResult(code: UInt16(code))
        else { return nil }
        self.init(id: id, height: Height(height), index: UInt32(index), result: result)
    }
}

extension SubmitError {
    /// What a client of the RPC hears.
    package var rpc: RPCError {
        switch self {
        case .faulty(let fault):
            RPCError(
                .invalidParameters, "The transaction may stand in no block: \(fault.word).",
                data: ["parameter": "envelope", "fault": .string(fault.word)])
        case .failing(let result):
            RPCError(
                .refused, "The ledger would refuse the transaction: \(result.word).",
                data: ["code": .unsigned(UInt64(result.code)), "result": .string(result.word)])
        case .busy(let milliseconds): .later(.busy, retryAfter: .milliseconds(milliseconds))
        case .dropped: RPCError(.timedOut, "The transaction ran out before a block took it in.")
        case .timedOut(let id):
            RPCError(
                .timedOut, "The transaction is not final yet.", data: ["id": .string(id.hex)])
        case .tooManyWaiting: .later(.busy, retryAfter: .seconds(1))
        case .stopped: RPCError(.internalError, "The node is stopping.")
        }
    }
}

extension TransactionFault {
    /// The fault in one word.
    package var word: String {
        switch self {
        case .tooLong: "tooLong"
        case .malformed: "malformed"
        case .overLimit: "overLimit"
        case .otherChain: "otherChain"
        case .badSignature: "badSignature"
        case .expired: "expired"
        case .tooFarAhead: "tooFarAhead"
        case .alreadyIncluded: "alreadyIncluded"
        }
    }
}
