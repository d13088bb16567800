package import Primitives
package import Wire

/// A sender in the recording's manifest: the array `[key, link, shards]`.
package struct SenderEntry: WireObject, Hashable {
    package let sender: PublicKey
    /// Must be the manifest of the sender's seal on the ledger.
    package let manifest: BlockLink
    /// `SenderManifest.shardCount`.
    package let shardCount: Int

    package init(_ manifest: SenderManifest, with hash: inout some Hashing) {
        sender = manifest.sender
        self.manifest = BlockLink(to: manifest.encoded, .dagCBOR, with: &hash)
        shardCount = manifest.shardCount
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let offset = reader.offset
        guard try reader.arrayHeader(max: 3) == 3 else { throw .unexpectedType(at: offset) }
        sender = try reader.identifier()
        manifest = try BlockLink(from: &reader)
        shardCount = Int(try reader.unsigned(max: UInt64(RecordingLimits.shards)))
        guard shardCount > 0 else { throw .badValue(field: "senders") }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 3)
        writer.byteString(sender)
        manifest.encode(into: &writer)
        writer.unsigned(UInt64(shardCount))
    }
}

/// The whole recording: inner shard 0. It follows from the sealed manifests alone, so that every holder makes the same
/// one. Fields: `v`, `senders`, `recording`.
package struct RecordingManifest: WireObject, Hashable {
    /// Ascending by key; at most `RecordingLimits.sendersPerRecording`.
    package let senders: [SenderEntry]
    package let recording: RecordingID

    /// Puts the senders in order.
    /// - Throws: `RecordingError.limitExceeded`, or `.mismatch` for a sender twice.
    package init(senders: [SenderEntry], recording: RecordingID) throws(RecordingError) {
        guard senders.count <= RecordingLimits.sendersPerRecording else {
            throw .limitExceeded(limit: UInt64(RecordingLimits.sendersPerRecording))
        }
        let sorted = senders.sorted { $0.sender < $1.sender }
        guard zip(sorted, sorted.dropFirst()).allSatisfy({ $0.sender < $1.sender }) else { throw .mismatch }
        self.senders = sorted
        self.recording = recording
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        senders = try reader.list("senders", max: RecordingLimits.sendersPerRecording)
        guard zip(senders, senders.dropFirst()).allSatisfy({ $0.sender < $1.sender }) else {
            throw .badValue(field: "senders")
        }
        recording = try reader.id("recording")
        reader.leave()
    }

    /// Reads the manifest out of its padded shard: nothing but zeros may follow.
    package init(unpadding shard: [UInt8]) throws(WireError) {
        var reader = CBORReader(shard)
        try self.init(from: &reader)
        guard shard[reader.offset...].allSatisfy({ $0 == 0 }) else { throw .trailingBytes(at: reader.offset) }
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("senders", list: senders)
        writer.field("recording", recording)
    }

    /// Inner shards of the recording: this manifest and its senders'.
    package var shardCount: Int { senders.reduce(1) { $0 + $1.shardCount } }
}
