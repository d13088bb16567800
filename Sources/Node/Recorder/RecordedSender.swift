package import Crypto
package import Ledger
package import Primitives
package import Recording
package import Wire

/// Everything that one sender recorded, with its manifests made: what its seal says and what its holders keep.
package struct RecordedSender: Sendable {
    package let recording: RecordingID
    package let manifest: SenderManifest
    /// In the order of their ids.
    package let tracks: [SealedTrack]
    /// The leaves of the tree of wraps, in the seal's order.
    package let wraps: [[UInt8]]
    /// Manifests by CID; the other blocks lie in the log.
    package let manifests: [(cid: CID, content: [UInt8])]
    /// Content blocks of segments.
    package let segmentBlocks: [CID]

    /// Puts closed groups in order and makes the manifests over them. Where a track has no frames in a group, a
    /// manifest without segments stands, so that group numbers and places agree.
    /// - Throws: `RecordingError` for groups that overlap or are too many; `.notFound` when there are none.
    package init(
        groups: [ClosedGroup], sender: PublicKey, recording: RecordingID, with hash: inout SHA256
    ) throws(RecordingError) {
        guard !groups.isEmpty else { throw .notFound }
        var manifests: [(cid: CID, content: [UInt8])] = []
        var trackManifests: [TrackManifest] = []
        var sealed: [SealedTrack] = []
        var wraps: [[UInt8]] = []
        var blocks: [CID] = []
        let byTrack = Dictionary(grouping: groups) { $0.manifest.track }
        for id in byTrack.keys.sorted() {
            let filled = try Self.filled(byTrack[id] ?? [], id, sender, recording)
            var entries: [GroupEntry] = []
            for group in filled {
                entries.append(
                    GroupEntry(
                        start: group.start, milliseconds: group.milliseconds, group: group.manifest, with: &hash))
                manifests.append((group.manifest.cid(with: &hash), group.manifest.encoded))
                blocks += group.manifest.segments.flatMap { $0.blocks.map(\.cid) }
            }
            let manifest = try TrackManifest(
                id: id, kind: filled[0].kind, first: filled[0].manifest.group, groups: entries, sender: sender,
                recording: recording, with: &hash)
            manifests.append((manifest.cid(with: &hash), manifest.encoded))
            trackManifests.append(manifest)
            sealed.append(
                SealedTrack(
                    id: UInt64(id), kind: TrackKinds(rawValue: manifest.kind.rawValue), root: manifest.root,
                    first: manifest.first,
                    groups: filled.map { GroupInterval(start: $0.start, milliseconds: $0.milliseconds) }))
            wraps += filled.map(\.wrap)
        }
        manifest = try SenderManifest(
            sender: sender, tracks: trackManifests.map { TrackEntry($0, with: &hash) }, recording: recording)
        manifests.append((manifest.cid(with: &hash), manifest.encoded))
        self.recording = recording
        tracks = sealed
        self.wraps = wraps
        self.manifests = manifests
        segmentBlocks = blocks
    }

    /// The groups of one track without gaps.
    private static func filled(
        _ groups: [ClosedGroup], _ track: UInt8, _ sender: PublicKey, _ recording: RecordingID
    ) throws(RecordingError) -> [ClosedGroup] {
        var filled: [ClosedGroup] = []
        for group in groups.sorted(by: { $0.manifest.group < $1.manifest.group }) {
            while let last = filled.last, last.manifest.group.next < group.manifest.group {
                guard filled.count < RecordingLimits.groupsPerTrack else {
                    throw .limitExceeded(limit: UInt64(RecordingLimits.groupsPerTrack))
                }
                // An instant after the group before: it covers nothing.
                let empty = try GroupManifest(
                    group: last.manifest.group.next, track: track, sender: sender, segments: [], recording: recording)
                filled.append(
                    ClosedGroup(
                        kind: group.kind, start: last.start.adding(milliseconds: last.milliseconds), milliseconds: 1,
                        wrap: [], manifest: empty))
            }
            filled.append(group)
        }
        return filled
    }

    /// The root of the tree of wraps, as the seal has it.
    package func wrapsRoot(with hash: inout some Hashing) -> Digest {
        var frontier = MerkleFrontier()
        for wrap in wraps { frontier.append(MerkleTree.leafHash(wrap, with: &hash), with: &hash) }
        return frontier.root(with: &hash)
    }

    /// What the sender puts on the ledger.
    package func seal(owner: MemberID, holders: [MemberID], with hash: inout some Hashing) -> RecordingSeal {
        RecordingSeal(
            recording: recording, manifest: manifest.cid(with: &hash), tracks: tracks, wraps: wrapsRoot(with: &hash),
            owner: owner, holders: holders.sorted())
    }

    /// The nodes that hold a recording: up to `countMax` of the active ones, those whose ids are closest to its own.
    package static func holders(of recording: RecordingID, among nodes: [MemberID], countMax: Int) -> [MemberID] {
        nodes.sorted { ($0.raw ^ recording.raw) < ($1.raw ^ recording.raw) }.prefix(countMax).sorted()
    }
}
