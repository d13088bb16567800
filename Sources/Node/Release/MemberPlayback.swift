import Crypto
import EventLoop
package import Ledger
package import Primitives
import RPC
package import Wire

/// The ledger and the validators, as a member reaches them through its home node: facts come with proofs, answers of
/// validators are sealed past the node.
package struct MemberPlayback: PlaybackHome {
    private let client: HomeClient

    package init(client: HomeClient) { self.client = client }

    package var chain: ChainID { client.chain }
    package var genesis: Genesis { client.genesis }
    package var member: MemberID { client.member }
    package var signer: any Signing { client.keys.sign }
    package var now: Timestamp { SystemTime.utc }

    package func fact<Entry: WireObject>(
        _ type: Entry.Type, _ key: StateKey
    ) async throws(PlaybackError) -> Entry? {
        do throws(HomeError) { return try await client.entry(type, key) } catch { throw .home }
    }

    package func lease(_ lease: RightsLease) async throws(PlaybackError) -> TransactionResult {
        do throws(HomeError) {
            return try await client.submit(.rightsLease(lease)).result
        } catch {
            if let result = error.refusedResult { return result }
            throw .home
        }
    }

    package func ask(_ kind: ReleaseKind, _ request: SignedObject) async -> [ValidatorAnswer] {
        let method = kind == .shares ? "rights.shares" : "rights.outer"
        let answer = try? await client.signed(method, ["request": .string(Hex.encode(request.encoded))])
        return (answer?["answers"]?.list ?? []).compactMap { entry in
            guard let validator = entry["validator"]?.string.flatMap({ MemberID(hex: $0) }),
                let bytes = entry["answer"]?.string.flatMap({ Hex.decode($0) })
            else { return nil }
            return ValidatorAnswer(validator: validator, bytes: bytes)
        }
    }
}

extension HomeError {
    /// What the ledger said, whether it recorded the failure or would have: a node refuses what cannot succeed.
    package var refusedResult: TransactionResult? {
        switch self {
        case .refused(let outcome): outcome.result
        case .rpc(.refused(let error)):
            error.data?["code"]?.unsigned.flatMap { UInt16(exactly: $0) }.flatMap { TransactionResult(code: $0) }
        case .rpc, .malformedAnswer, .unproven, .outdated, .otherNetwork: nil
        }
    }
}
