package import Crypto
import EventLoop
package import Primitives
package import Wire

/// A requester's side of a release: signs a request, sends it to every validator, combines what comes back.
package struct ShareGatherer: Sendable {
    private let circle: ReleaseCircle
    private let asker: any ShareAsking
    private let member: MemberID
    private let signer: any Signing
    private let clock: @Sendable () -> Timestamp

    /// - Parameter clock: what the member holds for the time: requests carry it.
    package init(
        circle: ReleaseCircle, asker: any ShareAsking, member: MemberID, signer: any Signing,
        clock: @escaping @Sendable () -> Timestamp = { SystemTime.utc }
    ) {
        self.circle = circle
        self.asker = asker
        self.member = member
        self.signer = signer
        self.clock = clock
    }

    /// What O_e is derived from, by `ThresholdOuterKey.key(from:)`.
    /// - Parameter key: of the open lease for a viewer, fresh for a holder.
    /// - Throws: `SharesMissing`.
    package func outerKey(
        of recording: RecordingID, epoch: RightsEpoch, as role: OuterKeyRequest.Role, to key: AgreementSecret
    ) async throws(SharesMissing) -> CollectedShares {
        let request = OuterKeyRequest(
            as: role, key: key.publicKey, time: clock(), epoch: epoch, member: member, recording: recording)
        let name = ThresholdOuterKey(chain: circle.chain, recording: recording, rightsEpoch: epoch)
        guard let point = try? name.point() else {
            throw SharesMissing(have: 0, need: circle.outer.threshold, refusals: [], faulty: [])
        }
        return try await gather(.outer, request, inputs: [point], with: key)
    }

    /// What the keys in these wraps are unsealed with, in their order.
    /// - Parameter wraps: of one group, at most `PartialEvaluation.elementCountMax`, each with its proof.
    /// - Throws: `SharesMissing`.
    package func groupKeys(
        of recording: RecordingID, group: GroupIndex, wraps: [(signed: SignedGroupWrap, proof: [Digest])],
        to key: AgreementSecret
    ) async throws(SharesMissing) -> CollectedShares {
        let proven = wraps.map { WrapShareRequest.ProvenWrap(wrap: $0.signed.leaf, proof: $0.proof) }
        let request = WrapShareRequest(
            time: clock(), group: group, wraps: proven, member: member, recording: recording)
        guard let request else {
            throw SharesMissing(have: 0, need: circle.wraps.threshold, refusals: [], faulty: [])
        }
        return try await gather(.shares, request, inputs: wraps.map(\.signed.wrap.point), with: key)
    }

    /// Asks; what is refused for now is asked again a few times, since validators finalise a lease within
    /// milliseconds of each other, not at once.
    private func gather(
        _ kind: ReleaseKind, _ request: some KeyRequest, inputs: [GroupElement], with key: AgreementSecret
    ) async throws(SharesMissing) -> CollectedShares {
        let object = sign(request)
        var pause = Duration.milliseconds(50)
        for _ in 0..<4 {
            let answers = await asker.ask(kind, object)
            do throws(SharesMissing) {
                return try circle.combine(answers, to: object, kind, inputs: inputs, with: key)
            } catch {
                guard error.isTemporary else { throw error }
            }
            try? await Task.sleep(for: pause)
            pause *= 2
        }
        let answers = await asker.ask(kind, object)
        return try circle.combine(answers, to: object, kind, inputs: inputs, with: key)
    }

    private func sign<Request: KeyRequest>(_ request: Request) -> SignedObject {
        signer.sign(Request.kind, chain: circle.chain, body: request.encoded)
    }
}
