package import Ledger
package import Primitives
package import Recording
package import Wire

/// What a viewer's device asks the ledger and the validators through its home node.
package protocol PlaybackHome: ShareAsking {
    var chain: ChainID { get }
    var genesis: Genesis { get }
    var member: MemberID { get }
    var signer: any Signing { get }

    /// A fact of the newest final state; nil when nothing stands there.
    func fact<Entry: WireObject>(_ type: Entry.Type, _ key: StateKey) async throws(PlaybackError) -> Entry?

    /// Posts the lease and waits until it is final: what the ledger made of it.
    func lease(_ lease: RightsLease) async throws(PlaybackError) -> TransactionResult

    /// The time, as records will have it.
    var now: Timestamp { get }
}

extension PlaybackHome {
    /// The validators that hold shares, and their public keys.
    package func circle() async throws(PlaybackError) -> ReleaseCircle {
        guard let outer = try await fact(ThresholdPublicKeys.self, RuleBook.thresholdKey(.outer)),
            let wraps = try await fact(ThresholdPublicKeys.self, RuleBook.thresholdKey(.wraps))
        else { throw .home }
        var validators: [ReleaseCircle.Validator] = []
        for (place, holder) in ShareCircle.validators(of: genesis).enumerated() {
            guard let member = try await fact(MemberEntry.self, StateKey(.member, holder.id)) else { throw .home }
            validators.append(.init(member: holder.id, index: place + 1, agreement: member.keys.agreement))
        }
        return ReleaseCircle(chain: chain, validators: validators, outer: outer, wraps: wraps)
    }
}

/// Where the bytes of a recording come from. None of it is trusted: the player holds all against the ledger.
package protocol RecordingSource: Sendable {
    /// The pages of the outer manifest of an epoch, in order.
    func outerPages(
        of recording: RecordingID, epoch: RightsEpoch
    ) async throws(PlaybackError) -> [OuterManifestPage]

    /// A block by its CID.
    func block(_ cid: CID, of recording: RecordingID) async throws(PlaybackError) -> [UInt8]

    /// The signed wraps of one sender: the leaves under its seal, in the tree's order.
    func wraps(of recording: RecordingID, sender: PublicKey) async throws(PlaybackError) -> [[UInt8]]

    /// The opening of a sender's certificate, if one is at hand.
    func opening(of sender: PublicKey, in recording: RecordingID) async -> CertificateOpening?
}
