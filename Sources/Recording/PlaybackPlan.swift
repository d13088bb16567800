package import Primitives
import Wire

/// Finds a way from an outer manifest to the shards of one lease group, manifest by manifest, without reading the rest.
///
/// Each step names a shard, and the inner link that its content must match once the outer layer is off.
package struct PlaybackPlan: Equatable, Sendable {
    /// A shard to fetch and open.
    package struct Fetch: Equatable, Sendable {
        package let outer: OuterShard
        /// What must be inside.
        package let inner: BlockLink
    }

    package let outer: OuterManifest
    package let recording: RecordingManifest

    /// - Parameters:
    ///   - outer: where the shards are.
    ///   - recordingShard: shard 0, its outer layer taken off.
    /// - Throws: `RecordingError.mismatch` when it holds no manifest of this recording, or shards are missing.
    package init(outer: OuterManifest, recordingShard: [UInt8]) throws(RecordingError) {
        guard let manifest = try? RecordingManifest(unpadding: recordingShard), manifest.recording == outer.recording,
            let last = outer.shards.last
        else { throw .mismatch }
        guard last.index >= ShardLayout.index(ofBlock: manifest.shardCount - 1) else { throw .mismatch }
        self.outer = outer
        recording = manifest
    }

    /// Where the manifest of each sender lies, in the order of `recording.senders`.
    package func senderFetches() throws(RecordingError) -> [Fetch] {
        var position = 1
        var fetches: [Fetch] = []
        for entry in recording.senders {
            fetches.append(try fetch(position, entry.manifest))
            position += entry.shardCount
        }
        return fetches
    }

    /// Where the manifest of each track of one sender lies.
    package func trackFetches(_ sender: SenderManifest) throws(RecordingError) -> [Fetch] {
        var position = try start(of: sender) + 1
        var fetches: [Fetch] = []
        for entry in sender.tracks {
            fetches.append(try fetch(position, entry.manifest))
            position += entry.shardCount
        }
        return fetches
    }

    /// Where the manifest of one group of a track lies; nil when the track has no such group.
    package func groupFetch(
        _ group: GroupIndex, of track: TrackManifest, _ sender: SenderManifest
    ) throws(RecordingError) -> Fetch? {
        guard let place = track.position(of: group) else { return nil }
        return try fetch(try start(of: group, track, sender), track.groups[place].manifest)
    }

    /// The blocks of each segment of a group, in order.
    package func segmentFetches(
        _ group: GroupManifest, of track: TrackManifest, _ sender: SenderManifest
    ) throws(RecordingError) -> [[Fetch]] {
        var position = try start(of: group.group, track, sender) + 1
        var segments: [[Fetch]] = []
        for segment in group.segments {
            var fetches: [Fetch] = []
            for block in segment.blocks {
                fetches.append(try fetch(position, block))
                position += 1
            }
            segments.append(fetches)
        }
        return segments
    }

    /// Position of a sender's manifest.
    private func start(of sender: SenderManifest) throws(RecordingError) -> Int {
        var position = 1
        for entry in recording.senders {
            if entry.sender == sender.sender { return position }
            position += entry.shardCount
        }
        throw .notFound
    }

    /// Position of a group's manifest.
    private func start(
        of group: GroupIndex, _ track: TrackManifest, _ sender: SenderManifest
    ) throws(RecordingError) -> Int {
        guard let place = track.position(of: group) else { throw .notFound }
        var position = try start(of: sender) + 1
        for entry in sender.tracks {
            if entry.id == track.id {
                return track.groups[..<place].reduce(position + 1) { $0 + 1 + $1.blockCount }
            }
            position += entry.shardCount
        }
        throw .notFound
    }

    private func fetch(_ position: Int, _ inner: BlockLink) throws(RecordingError) -> Fetch {
        guard let shard = outer.shard(ShardLayout.index(ofBlock: position)) else { throw .notFound }
        return Fetch(outer: shard, inner: inner)
    }
}
