import Crypto
import Node
import Primitives
import Recording
import Rights
import Wire

extension Golden {
    /// What a recording is made of, from a frame to the manifest of all.
    static var recordings: [Golden] {
        do {
            return try makeRecordings()
        } catch {
            preconditionFailure("the sample recording is within all limits: \(error)")
        }
    }

    private static func makeRecordings() throws -> [Golden] {
        var hash = SHA256()
        let recording: RecordingID = Sample.id("recording")
        let sender = Sample.publicKey("call key")
        let frames = (0..<3).map {
            RecordedFrame(
                timestamp: 90_000 + $0 * 3_000, clearByteCount: 10, bytes: Sample.bytes("frame \($0)", count: 120))
        }
        let list = LeafList(
            call: Sample.id("call"), rosterEpoch: RosterEpoch(1), first: 0, track: 2,
            leaves: frames.map { $0.leaf(track: 2, with: &hash) }, sender: 5, timestamp: 90_000)
        let signedList = try SignedLeafList(Sample.signed(list, .leafList, by: "call key"))
        guard let key = MediaKeyID(rosterEpoch: RosterEpoch(1), sender: 5, track: 2, segment: 9) else {
            preconditionFailure("every part is small enough")
        }
        let segment = Segment(
            key: key, kind: .video, lists: [signedList], start: 61_000, frames: frames, sender: sender,
            consent: Sample.id("consent"), recording: recording, with: &hash)
        let blocks = try ContentBlocks.cut(segment.encoded, with: &hash)
        let group = try GroupManifest(
            group: GroupIndex(1), track: 2, sender: sender,
            segments: [SegmentEntry(segment, blocks: blocks.map(\.link))], recording: recording)
        let track = try TrackManifest(
            id: 2, kind: .video, first: GroupIndex(1),
            groups: [GroupEntry(start: Sample.time(61_000), milliseconds: 59_000, group: group, with: &hash)],
            sender: sender, recording: recording, with: &hash)
        let mine = try SenderManifest(sender: sender, tracks: [TrackEntry(track, with: &hash)], recording: recording)
        let whole = try RecordingManifest(senders: [SenderEntry(mine, with: &hash)], recording: recording)
        let outer = try OuterManifest(
            recording: recording, epoch: RightsEpoch(2), parityShards: 6,
            shards: [0, 1, 40].map {
                OuterShard(index: $0, link: BlockLink(cid: Sample.cid("shard \($0)", .raw), size: 262_144))
            })
        let answer = ConsentStatement(call: Sample.id("call"), agrees: true, roster: Sample.digest("roster"), tracks: 3)
        let refusal = ConsentStatement(
            call: Sample.id("call"), agrees: false, roster: Sample.digest("roster"), tracks: 3)
        return [
            Golden("leaf-list", list), Golden("signed-leaf-list", signedList), Golden("segment", segment),
            Golden("group-manifest", group),
            Golden(
                "closed-group",
                ClosedGroup(
                    kind: .video, start: Sample.time(61_000), milliseconds: 59_000,
                    wrap: Sample.signed(Self.wrap, .wrap, by: "call key").encoded, manifest: group)),
            Golden("track-manifest", track), Golden("sender-manifest", mine),
            Golden("recording-manifest", whole), Golden("consent-statement", answer),
            Golden("consent-statement+no", refusal),
        ] + OuterManifestPage.pages(of: outer).map { Golden("outer-manifest-page", $0) }
    }

    /// Policies.
    static var rights: [Golden] {
        let rules: [PolicyRule] = [
            try? PolicyRule(
                .play, to: .grantee,
                when: [
                    .notBefore(Sample.time()), .before(Sample.time(1)), .count(3), .seconds(7_200), .concurrency(1),
                ]), try? PolicyRule(.store, to: .anyone), try? PolicyRule(.revoke, to: .member(Sample.id("bob"))),
        ].compactMap { $0 }
        let policies = [
            ("", try? Policy(permit: rules)),
            ("+full", try? Policy(permit: rules, forbid: Array(rules.prefix(1)), expires: Sample.time(5))),
        ]
        return policies.compactMap { suffix, policy in policy.map { Golden("policy\(suffix)", $0) } }
    }
}
