package import Primitives
package import Wire

/// A track in its sender's manifest: the array `[id, link, shards]`.
package struct TrackEntry: WireObject, Hashable {
    package let id: UInt8
    package let manifest: BlockLink
    /// `TrackManifest.shardCount`.
    package let shardCount: Int

    package init(_ track: TrackManifest, with hash: inout some Hashing) {
        id = track.id
        manifest = BlockLink(to: track.encoded, .dagCBOR, with: &hash)
        shardCount = track.shardCount
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let offset = reader.offset
        guard try reader.arrayHeader(max: 3) == 3 else { throw .unexpectedType(at: offset) }
        id = UInt8(try reader.unsigned(max: 255))
        manifest = try BlockLink(from: &reader)
        shardCount = Int(try reader.unsigned(max: UInt64(RecordingLimits.shards)))
        guard shardCount > 0 else { throw .badValue(field: "tracks") }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 3)
        writer.unsigned(UInt64(id))
        manifest.encode(into: &writer)
        writer.unsigned(UInt64(shardCount))
    }
}

/// What one sender recorded: its CID stands in that sender's seal. Fields: `v`, `sender`, `tracks`, `recording`.
package struct SenderManifest: WireObject, Hashable {
    package let sender: PublicKey
    /// Ascending by id; at most `RecordingLimits.tracksPerSender`.
    package let tracks: [TrackEntry]
    package let recording: RecordingID

    /// - Throws: `RecordingError.limitExceeded` or `.outOfOrder`.
    package init(sender: PublicKey, tracks: [TrackEntry], recording: RecordingID) throws(RecordingError) {
        guard tracks.count <= RecordingLimits.tracksPerSender else {
            throw .limitExceeded(limit: UInt64(RecordingLimits.tracksPerSender))
        }
        guard zip(tracks, tracks.dropFirst()).allSatisfy({ $0.id < $1.id }) else { throw .outOfOrder }
        self.sender = sender
        self.tracks = tracks
        self.recording = recording
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(4)
        sender = try reader.id("sender")
        tracks = try reader.list("tracks", max: RecordingLimits.tracksPerSender)
        guard zip(tracks, tracks.dropFirst()).allSatisfy({ $0.id < $1.id }) else { throw .badValue(field: "tracks") }
        recording = try reader.id("recording")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(4)
        writer.field("sender", sender)
        writer.field("tracks", list: tracks)
        writer.field("recording", recording)
    }

    /// Inner shards of this sender: this manifest and its tracks'.
    package var shardCount: Int { tracks.reduce(1) { $0 + $1.shardCount } }
}
