import Ledger
import Primitives
import RPC
import Wire

/// Many transactions at once: in one request, and what became of them in one notification for each block.
extension LedgerService {
    /// Envelopes in one request: as many as one message between nodes carries. Each has an id and a leaf of its own, so
    /// that none depends on another's fate.
    static let batchMax = ChainActor.transactionsPerMessageMax

    var submitMany: RPCMethod {
        RPCMethod(
            "ledger.submitMany", "Hands in many signed transactions, each for itself.",
            parameters: [
                RPCParameter(
                    "envelopes",
                    .list(of: .bytes(byteCountMax: CeilingOf.transactionBytes), countMax: Self.batchMax),
                    "dag-cbor of the envelopes")
            ],
            result: RPCParameter(
                "outcomes", .list(of: .object, countMax: Self.batchMax),
                "for each envelope in its place {id}, or {error} as ledger.submit would answer"),
            errors: [.invalidParameters], rateClass: .heavy
        ) { call throws(RPCError) in
            let envelopes = try call.arguments.list("envelopes").map { value throws(RPCError) in
                guard let bytes = value.string.flatMap({ Hex.decode($0) }) else {
                    throw .parameter("envelopes", expected: "hexadecimal")
                }
                return bytes
            }
            return .list(
                await chain.submit(envelopes).map { answer in
                    switch answer {
                    case .success(let id): ["id": .string(id.hex)]
                    case .failure(let error): ["error": error.rpc.json]
                    }
                })
        }
    }

    /// What `outcomes` says of a block; ids and codes as one text each, since a block may hold thousands.
    static func outcomes(of block: FinalisedBlock) -> JSONValue {
        var ids: [UInt8] = []
        var codes: [UInt8] = []
        ids.reserveCapacity(32 * block.executed.transactions.count)
        for (transaction, result) in zip(block.executed.transactions, block.executed.results) {
            transaction.id.raw.append(to: &ids)
            codes.append(UInt8(result.code >> 8))
            codes.append(UInt8(truncatingIfNeeded: result.code))
        }
        return [
            "height": .unsigned(block.record.height.rawValue), "time": .unsigned(block.record.time.rawValue),
            "ids": .string(Hex.encode(ids)), "codes": .string(Hex.encode(codes)),
        ]
    }
}
