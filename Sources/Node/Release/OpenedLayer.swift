import Crypto
import Ledger
package import Primitives
package import Recording
import Wire

/// One recording under the outer key of one rights epoch: finds shards, fetches them, takes the layer off, and holds
/// what is inside against its link.
package struct OpenedLayer: Sendable {
    package let epoch: RightsEpoch
    private let plan: PlaybackPlan
    private let key: [UInt8]
    private let recording: RecordingID
    private let source: any RecordingSource
    private let sealed: SealedTracks

    /// A sender's manifests, each held against the seal.
    package struct Tracks: Sendable {
        package let sender: SenderManifest
        package let tracks: [TrackManifest]
    }

    /// - Parameters:
    ///   - element: what the validators' shares combine to.
    ///   - root: the agreed root of the epoch's outer manifest.
    /// - Throws: `PlaybackError.mismatch` when anything is not what the ledger says, the wrong key included.
    package init(
        _ recording: RecordingID, epoch: RightsEpoch, root: Digest, element: GroupElement, chain: ChainID,
        sealed: SealedTracks, source: any RecordingSource
    ) async throws(PlaybackError) {
        self.recording = recording
        self.epoch = epoch
        self.source = source
        self.sealed = sealed
        let name = ThresholdOuterKey(chain: chain, recording: recording, rightsEpoch: epoch)
        key = name.key(from: element).withBytes { bytes in bytes.indices.map { bytes[$0] } }
        let pages = try await source.outerPages(of: recording, epoch: epoch)
        var hash = SHA256()
        guard let outer = try? OuterManifestPage.manifest(of: pages, root: root, with: &hash),
            outer.recording == recording, outer.epoch == epoch, let first = outer.shard(0)
        else { throw .mismatch }
        var shard = try await Self.fetch(first, recording, source)
        do {
            try Self.layer(key, recording).apply(to: &shard, index: 0)
            plan = try PlaybackPlan(outer: outer, recordingShard: shard)
        } catch {
            throw .mismatch
        }
    }

    /// The manifests of everybody who may be played.
    package func tracks() async throws(PlaybackError) -> [Tracks] {
        var found: [Tracks] = []
        let fetches = try checked { () throws(RecordingError) in try plan.senderFetches() }
        for (entry, fetch) in zip(plan.recording.senders, fetches) {
            guard let sender = sealed.playable.first(where: { $0.key == entry.sender }) else { continue }
            guard entry.manifest.cid == sender.seal.manifest else { throw .mismatch }
            let manifest: SenderManifest = try await object(fetch)
            guard manifest.sender == sender.key, manifest.recording == recording else { throw .mismatch }
            var tracks: [TrackManifest] = []
            for fetch in try checked({ () throws(RecordingError) in try plan.trackFetches(manifest) }) {
                let track: TrackManifest = try await object(fetch)
                var hash = SHA256()
                guard track.sender == sender.key, track.recording == recording, track.isWhole(with: &hash),
                    let seal = sender.seal.tracks.first(where: { $0.id == UInt64(track.id) }), seal.root == track.root,
                    seal.kind.rawValue == track.kind.rawValue, seal.first == track.first
                else { throw .mismatch }
                tracks.append(track)
            }
            found.append(Tracks(sender: manifest, tracks: tracks))
        }
        return found
    }

    /// The segments of one group of a track, still encrypted; none when the track has nothing there.
    package func segments(
        _ group: GroupIndex, of track: TrackManifest, _ sender: SenderManifest
    ) async throws(PlaybackError) -> [Segment] {
        let fetch = try checked { () throws(RecordingError) in try plan.groupFetch(group, of: track, sender) }
        guard let fetch, let place = track.position(of: group) else { return [] }
        let manifest: GroupManifest = try await object(fetch)
        var hash = SHA256()
        guard manifest.group == group, manifest.track == track.id, manifest.sender == track.sender,
            manifest.recording == recording, manifest.root(with: &hash) == track.groups[place].root
        else { throw .mismatch }
        var segments: [Segment] = []
        let fetches = try checked { () throws(RecordingError) in try plan.segmentFetches(manifest, of: track, sender) }
        for blocks in fetches {
            var contents: [[UInt8]] = []
            for fetch in blocks { contents.append(try await content(fetch)) }
            guard let bytes = try? ContentBlocks.join(contents, links: blocks.map(\.inner), with: &hash),
                let segment = try? Segment(decoding: bytes),
                (try? manifest.entry(for: segment, with: &hash)) != nil
            else { throw .mismatch }
            segments.append(segment)
        }
        return segments
    }

    // MARK: Steps

    private func object<Object: WireObject>(_ fetch: PlaybackPlan.Fetch) async throws(PlaybackError) -> Object {
        guard let object = try? Object(decoding: try await content(fetch)) else { throw .mismatch }
        return object
    }

    private func content(_ fetch: PlaybackPlan.Fetch) async throws(PlaybackError) -> [UInt8] {
        let shard = try await Self.fetch(fetch.outer, recording, source)
        var hash = SHA256()
        do {
            return try Self.layer(key, recording).open(
                shard, index: fetch.outer.index, inner: fetch.inner, with: &hash)
        } catch {
            throw .mismatch
        }
    }

    private static func layer(_ key: [UInt8], _ recording: RecordingID) throws(CryptoError) -> OuterLayer {
        try OuterLayer(try SecretKey(copying: key.span), of: recording)
    }

    private static func fetch(
        _ shard: OuterShard, _ recording: RecordingID, _ source: any RecordingSource
    ) async throws(PlaybackError) -> [UInt8] {
        let bytes = try await source.block(shard.link.cid, of: recording)
        var hash = SHA256()
        guard shard.link.matches(bytes, with: &hash) else { throw .mismatch }
        return bytes
    }

    private func checked<Value>(_ body: () throws(RecordingError) -> Value) throws(PlaybackError) -> Value {
        do throws(RecordingError) {
            return try body()
        } catch {
            throw .mismatch
        }
    }
}
