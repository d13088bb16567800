import Ledger
package import Primitives
package import Recording
package import Wire

/// A group of a track that is complete: what its sender keeps of it until the seal. Its key is gone; only the wrap has
/// it. Fields: `v`, `ms`, `kind`, `wrap`, `start`, `manifest`.
package struct ClosedGroup: WireObject, Hashable {
    package static let version: UInt64 = 1
    package static let wrapByteCountMax = WrapShareRequest.ProvenWrap.wrapByteCountMax

    package let kind: TrackKind
    /// By the sender's wall clock.
    package let start: Timestamp
    /// 1 through 60,000.
    package let milliseconds: UInt64
    /// The encoding of the wrap as the per-call key signed it: a leaf of the tree of wraps.
    package let wrap: [UInt8]
    package let manifest: GroupManifest

    package init(kind: TrackKind, start: Timestamp, milliseconds: UInt64, wrap: [UInt8], manifest: GroupManifest) {
        self.kind = kind
        self.start = start
        self.milliseconds = min(max(milliseconds, 1), LeaseLimits.groupMilliseconds)
        self.wrap = wrap
        self.manifest = manifest
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 6)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("ms")
        milliseconds = try reader.unsigned(max: LeaseLimits.groupMilliseconds)
        guard milliseconds > 0 else { throw .badValue(field: "ms") }
        try reader.key("kind")
        guard let kind = TrackKind(rawValue: UInt8(try reader.unsigned(max: 8))) else {
            throw .badValue(field: "kind")
        }
        self.kind = kind
        try reader.key("wrap")
        wrap = try reader.byteString(max: Self.wrapByteCountMax)
        try reader.key("start")
        start = try reader.counter()
        try reader.key("manifest")
        manifest = try GroupManifest(from: &reader)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 6)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("ms")
        writer.unsigned(milliseconds)
        writer.key("kind")
        writer.unsigned(UInt64(kind.rawValue))
        writer.key("wrap")
        writer.byteString(wrap)
        writer.key("start")
        writer.unsigned(start)
        writer.key("manifest")
        manifest.encode(into: &writer)
    }
}

/// A closed group with the content blocks of its segments, on its way to the log.
package struct FinishedGroup: Sendable {
    package let group: ClosedGroup
    package let blocks: [(link: BlockLink, content: [UInt8])]
}
