import Ledger
import Primitives
import Wire

extension Golden {
    /// One entry of the state of each kind.
    static var state: [Golden] {
        members + calls(ended: nil) + calls(ended: Sample.time(9_000)) + recordingEntries + rightsEntries
    }

    private static var members: [Golden] {
        let proposal = ProposalsEntry.Proposal(
            id: Sample.id("proposal"), joins: [Sample.id("dave")], until: Sample.time(1),
            votes: [Sample.id("validator 0")], leaves: [Sample.id("validator 1")], limits: limitChanges)
        var recent = RecentRecordsEntry()
        _ = recent.note(record(height: 3), Sample.cid("record 3"))
        return [
            Golden(
                "member-entry",
                MemberEntry(
                    keys: registration("home", .node, link: true).keys, roles: [.node, .validator], since: Height(7),
                    standing: .suspended)),
            Golden("owner-entry", OwnerEntry(member: Sample.id("home"))),
            Golden("registrars-entry", RegistrarsEntry(count: 2)),
            Golden("number-entry", NumberEntry(expiry: Sample.time(), isReleased: true)),
            Golden("proposals-entry", ProposalsEntry([proposal])), Golden("proposals-entry+none", ProposalsEntry([])),
            Golden("limits-entry", LimitsEntry(now: NetworkLimits(), next: limitChanges.applied(to: NetworkLimits()))),
            Golden("recent-records-entry", recent),
            Golden("culprits-entry", CulpritsEntry([Sample.id("validator 1"), Sample.id("validator 2")])),
            Golden("evidence-entry", EvidenceEntry(digest: Sample.digest("evidence"), height: Height(4))),
            Golden("erased-entry", ErasedEntry(height: Height(12))),
            Golden("commit-entry", CommitEntry(root: Sample.digest("calls"), size: 64)),
        ]
    }

    private static func calls(ended: Timestamp?) -> [Golden] {
        let seat = CallEntry.Seat(
            key: Sample.publicKey("call key"), home: Sample.id("home"), certificate: Sample.digest("certificate"))
        let roster = CallEntry.Roster(from: Sample.time(), hash: Sample.digest("roster"), seatCount: 1)
        let span = ConsentEntry.Span(
            to: ended, from: Sample.time(), roster: Sample.digest("roster"), tracks: [.audio, .chat])
        let suffix = ended == nil ? "" : "+ended"
        return [
            Golden(
                "call-entry\(suffix)",
                CallEntry(
                    ended: ended, owner: Sample.id("owner"), seats: [seat], rosters: [roster],
                    recording: Sample.id("recording"))),
            Golden("call-key-entry\(suffix)", CallKeyEntry(call: Sample.id("call"), home: Sample.id("home"))),
            Golden(
                "consent-entry\(suffix)", ConsentEntry(spans: [span], policy: policy, retentionDays: 30)),
        ]
    }

    private static var recordingEntries: [Golden] {
        let track = SealEntry.Track(
            id: 1, kind: .video, root: Sample.digest("video"), count: 9, first: GroupIndex(0), accepted: [0xff, 0x80])
        return [
            Golden(
                "recording-entry",
                RecordingEntry(
                    call: Sample.id("call"), owner: Sample.id("owner"), holders: [Sample.id("home")],
                    senders: [Sample.publicKey("call key")])),
            Golden(
                "seal-entry",
                SealEntry(
                    time: Sample.time(), wraps: Sample.digest("wraps"), tracks: [track],
                    manifest: Sample.cid("manifest"))),
        ]
    }

    private static var rightsEntries: [Golden] {
        [
            Golden(
                "rights-entry",
                RightsEntry(
                    root: Sample.digest("outer"), epoch: RightsEpoch(3), floor: RightsEpoch(2), policy: policy,
                    rooted: RightsEpoch(2))),
            Golden("grant-entry", GrantEntry(epoch: RightsEpoch(1), isActive: true)),
            Golden("rotation-entry", RotationEntry(root: Sample.digest("outer"), epoch: RightsEpoch(2))),
            Golden(
                "lease-entry",
                LeaseEntry(
                    key: Sample.id("reply key"), epoch: RightsEpoch(1), history: history,
                    previousKey: Sample.id("earlier key"))),
            Golden("viewers-entry+none", ViewersEntry()),
        ]
    }
}
