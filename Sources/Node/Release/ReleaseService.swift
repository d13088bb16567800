import Ledger
import Primitives
package import RPC
import Wire

/// Releases shares, where this node is a validator, and carries members' requests to all validators, on every node.
package final class ReleaseService: NodeServicing {
    private let node: NodeRuntime
    private let desk: ReleaseDesk
    private let asker: NodeShareAsker

    /// `shares` are empty on a node that is no validator.
    package init(node: NodeRuntime, shares: NodeShares) {
        self.node = node
        desk = ReleaseDesk(chain: node.rules.chain, shares: shares, sealer: node.keys.agreement)
        asker = NodeShareAsker(node: node)
    }

    package func install(on node: NodeRuntime) async {
        node.serve(.shares) { [self] _, body in await answer(.shares, body) }
        node.serve(.outer) { [self] _, body in await answer(.outer, body) }
    }

    package var methods: [RPCMethod] { [shares, outer, get] }

    private func answer(_ kind: ReleaseKind, _ request: [UInt8]) async -> [UInt8] {
        do throws(ReleaseRefusal) {
            switch kind {
            case .shares: return try await desk.shares(for: request, over: node.chain).encoded
            case .outer: return try await desk.outerKey(for: request, over: node.chain).encoded
            }
        } catch {
            node.log(
                .info, "release_refused",
                ["kind": .word(String(describing: kind)), "why": .word(String(describing: error))])
            return ReleaseAnswer.refused(error).encoded
        }
    }

    // MARK: Methods

    private var shares: RPCMethod {
        forwarding(
            .shares, "rights.shares", "Carries a viewer's request for shares of lease-group keys to all validators.",
            byteCountMax: WrapShareRequest.byteCountMax + 256)
    }

    private var outer: RPCMethod {
        forwarding(
            .outer, "rights.outer", "Carries a member's request for shares of an outer key to all validators.",
            byteCountMax: OuterKeyRequest.byteCountMax + 256)
    }

    private func forwarding(
        _ kind: ReleaseKind, _ name: String, _ summary: String, byteCountMax: Int
    ) -> RPCMethod {
        RPCMethod(
            name, summary,
            parameters: [
                RPCParameter("request", .bytes(byteCountMax: byteCountMax), "the signed request, dag-cbor")
            ],
            result: RPCParameter(
                "answers", .object, "{answers: [{validator, answer}]}: one for each validator that could be reached"),
            authority: .member, rateClass: .heavy
        ) { [asker] call throws(RPCError) in
            let bytes = try call.arguments.bytes("request")
            guard let object = try? SignedObject(decoding: bytes) else {
                throw .parameter("request", expected: "a signed object")
            }
            // A member's node carries the member's own requests only.
            guard object.key == call.key else { throw RPCError(.forbidden) }
            let answers = await asker.ask(kind, object)
            return [
                "answers": .list(
                    answers.map {
                        ["validator": .string($0.validator.hex), "answer": .string(Hex.encode($0.bytes))]
                    })
            ]
        }
    }

    private var get: RPCMethod {
        RPCMethod(
            "rights.get", "The rights in a recording: epoch, policy, grants, and who watched.",
            parameters: [RPCParameter("recording", .identifier, "the recording")],
            result: RPCParameter(
                "rights", .object,
                "{recording, owner, holders, senders, epoch, rooted, floor, root, policy, grants, leases}"),
            errors: [.notFound], authority: .member, rateClass: .heavy
        ) { [node] call throws(RPCError) in
            let recording: RecordingID = try call.arguments.identifier("recording")
            let overview: RightsOverview?
            do throws(StateError) {
                overview = try await node.chain.rights(in: recording)
            } catch {
                throw RPCError(.internalError)
            }
            guard let overview else { throw RPCError(.notFound, "The ledger has no such recording.") }
            return overview.json
        }
    }
}
