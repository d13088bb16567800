import Consensus
package import Ledger
package import Primitives
package import RPC
import Wire

/// Why a question about the ledger brought nothing that can be believed.
package enum LightError: Error, Sendable {
    case rpc(RPCClientError)
    /// The node's answer is not of the form that its method promises.
    case malformedAnswer(method: String)
    /// The node says something that its proof does not prove: it lies, or speaks for another network.
    case unproven(method: String, ProofFault)
}

/// Questions about the ledger to one node, over its RPC. What comes back is read, and not believed.
package struct NodeLedger: Sendable {
    package let rpc: RPCClient

    package init(_ rpc: RPCClient) { self.rpc = rpc }

    /// The record at a height, or the newest, with the set that is said to have decided it.
    package func record(
        at height: Height? = nil
    ) async throws(LightError) -> (proven: ProvenRecord, validators: ValidatorList?) {
        let method = "ledger.record"
        let answer = try await call(method, height.map { ["height": .unsigned($0.rawValue)] } ?? .object([]))
        guard let bytes = bytes(answer, "proven"), let proven = try? ProvenRecord(decoding: bytes) else {
            throw .malformedAnswer(method: method)
        }
        return (proven, self.bytes(answer, "validators").flatMap { try? ValidatorList(decoding: $0) })
    }

    /// The handovers from the end of `epoch` on, as many as the node gives at once.
    package func handovers(from epoch: ValidatorEpoch) async throws(LightError) -> [Handover] {
        let method = "ledger.handovers"
        let answer = try await call(method, ["from": .unsigned(epoch.rawValue)])
        guard let list = answer.list, list.count <= Handover.countMax else { throw .malformedAnswer(method: method) }
        var handovers: [Handover] = []
        for item in list {
            guard let bytes = item.string.flatMap({ Hex.decode($0) }), let next = try? Handover(decoding: bytes) else {
                throw .malformedAnswer(method: method)
            }
            handovers.append(next)
        }
        return handovers
    }

    /// What stands under a key, with its proof.
    package func fact(_ key: StateKey) async throws(LightError) -> ProvenFact {
        let method = "ledger.state"
        let answer = try await call(method, ["key": .string(Hex.encode(key.bytes))])
        guard let proofBytes = bytes(answer, "proof"), let proof = try? StateProof(decoding: proofBytes),
            let recordBytes = bytes(answer, "record"), let record = try? Record(decoding: recordBytes)
        else { throw .malformedAnswer(method: method) }
        return ProvenFact(
            value: bytes(answer, "value"), proof: proof, record: record,
            finality: bytes(answer, "finality").flatMap { try? FinalityProof(decoding: $0) })
    }

    /// A transaction's place in the log, with its proof.
    package func inclusion(of id: TransactionID) async throws(LightError) -> InclusionBundle {
        let method = "ledger.proof"
        let answer = try await call(method, ["id": .string(id.hex)])
        guard let bytes = bytes(answer, "bundle"), let bundle = try? InclusionBundle(decoding: bytes) else {
            throw .malformedAnswer(method: method)
        }
        return bundle
    }

    /// The growth of the log from one size to another.
    package func consistency(from: UInt64, to: UInt64) async throws(LightError) -> LogConsistency {
        let method = "ledger.consistency"
        let answer = try await call(method, ["from": .unsigned(from), "to": .unsigned(to)])
        guard let proof = LogConsistency(json: answer) else { throw .malformedAnswer(method: method) }
        return proof
    }

    /// Everything about these transactions and facts, as one file's bytes.
    package func bundle(of ids: [TransactionID], _ keys: [StateKey]) async throws(LightError) -> ProofBundle {
        let method = "ledger.bundle"
        let answer = try await call(
            method,
            [
                "ids": .list(ids.map { .string($0.hex) }), "keys": .list(keys.map { .string(Hex.encode($0.bytes)) }),
            ])
        guard let bytes = bytes(answer, "bundle"), let bundle = try? ProofBundle(decoding: bytes) else {
            throw .malformedAnswer(method: method)
        }
        return bundle
    }

    private func call(_ method: String, _ params: JSONValue) async throws(LightError) -> JSONValue {
        do throws(RPCClientError) {
            return try await rpc.call(method, params)
        } catch {
            throw .rpc(error)
        }
    }

    private func bytes(_ answer: JSONValue, _ name: String) -> [UInt8]? {
        answer[name]?.string.flatMap { Hex.decode($0) }
    }
}
