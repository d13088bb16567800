package import Primitives
import Wire

/// All manifests of a recording, and from them every inner block in the order of the shards.
package struct RecordingInventory: Equatable, Sendable {
    package struct Track: Equatable, Sendable {
        package let manifest: TrackManifest
        /// In the order of `manifest.groups`.
        package let groups: [GroupManifest]

        package init(manifest: TrackManifest, groups: [GroupManifest]) {
            self.manifest = manifest
            self.groups = groups
        }
    }

    package struct Sender: Equatable, Sendable {
        package let manifest: SenderManifest
        /// In the order of `manifest.tracks`.
        package let tracks: [Track]

        package init(manifest: SenderManifest, tracks: [Track]) {
            self.manifest = manifest
            self.tracks = tracks
        }
    }

    package let manifest: RecordingManifest
    /// In the order of `manifest.senders`.
    package let senders: [Sender]
    /// Every inner block, in the order of `ShardLayout`.
    package let blocks: [BlockLink]

    /// Holds every manifest against the link that names it, and every count and root against what it counts.
    /// - Throws: `RecordingError.mismatch` where they differ.
    package init(
        manifest: RecordingManifest, senders: [Sender], with hash: inout some Hashing
    ) throws(RecordingError) {
        var blocks = [BlockLink(to: manifest.encoded, .dagCBOR, with: &hash)]
        guard senders.count == manifest.senders.count else { throw .mismatch }
        for (entry, sender) in zip(manifest.senders, senders) {
            guard entry == SenderEntry(sender.manifest, with: &hash),
                sender.manifest.recording == manifest.recording,
                sender.tracks.count == sender.manifest.tracks.count
            else { throw .mismatch }
            blocks.append(entry.manifest)
            for (trackEntry, track) in zip(sender.manifest.tracks, sender.tracks) {
                guard trackEntry == TrackEntry(track.manifest, with: &hash) else { throw .mismatch }
                blocks.append(trackEntry.manifest)
                blocks += try Self.blocks(of: track, of: sender.manifest, with: &hash)
            }
        }
        self.manifest = manifest
        self.senders = senders
        self.blocks = blocks
    }

    private static func blocks(
        of track: Track, of sender: SenderManifest, with hash: inout some Hashing
    ) throws(RecordingError) -> [BlockLink] {
        let manifest = track.manifest
        guard manifest.sender == sender.sender, manifest.recording == sender.recording,
            track.groups.count == manifest.groups.count, manifest.isWhole(with: &hash)
        else { throw .mismatch }
        var blocks: [BlockLink] = []
        for (index, (entry, group)) in zip(manifest.groups, track.groups).enumerated() {
            let expected = GroupEntry(
                start: entry.start, milliseconds: entry.milliseconds, group: group, with: &hash)
            guard entry == expected, group.sender == manifest.sender, group.recording == manifest.recording,
                group.track == manifest.id, group.group.rawValue == manifest.first.rawValue + UInt64(index)
            else { throw .mismatch }
            blocks.append(entry.manifest)
            for segment in group.segments { blocks += segment.blocks }
        }
        return blocks
    }

    /// The shards of the outer layer.
    package func layout() throws(RecordingError) -> ShardLayout { try ShardLayout(blocks) }
}
