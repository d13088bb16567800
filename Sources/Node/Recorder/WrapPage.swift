package import Primitives
package import Wire

/// Signed wraps of one sender: leaves `first` and following of the tree whose root its seal fixed. A content block of
/// its own, so that wraps can be erased where the ledger cannot. Fields: `v`, `first`, `wraps`, `sender`, `recording`.
///
/// A group without frames has an empty leaf: nothing was wrapped, and nothing can be released.
package struct WrapPage: WireObject, Hashable {
    package static let version: UInt64 = 1
    /// About 600 bytes each.
    package static let countMax = 200

    package let first: UInt64
    package let wraps: [[UInt8]]
    package let sender: PublicKey
    package let recording: RecordingID

    /// The pages of all leaves of a sender, in order.
    package static func pages(of leaves: [[UInt8]], sender: PublicKey, recording: RecordingID) -> [WrapPage] {
        stride(from: 0, to: leaves.count, by: countMax).map { start in
            WrapPage(
                first: UInt64(start), wraps: Array(leaves[start..<min(start + countMax, leaves.count)]),
                sender: sender, recording: recording)
        }
    }

    /// The index of a page among a recording's wraps: those of one sender stand together, in order.
    package static func index(of page: Int, sender: PublicKey) -> UInt64 {
        let prefix = sender.raw.words.0 >> 24
        return prefix << 20 | UInt64(page)
    }

    private init(first: UInt64, wraps: [[UInt8]], sender: PublicKey, recording: RecordingID) {
        self.first = first
        self.wraps = wraps
        self.sender = sender
        self.recording = recording
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 5)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("first")
        first = try reader.unsigned(max: 1 << 32)
        try reader.key("wraps")
        wraps = try reader.array(max: Self.countMax) { inner throws(WireError) in
            try inner.byteString(max: ClosedGroup.wrapByteCountMax)
        }
        try reader.key("sender")
        sender = try reader.identifier()
        try reader.key("recording")
        recording = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 5)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("first")
        writer.unsigned(first)
        writer.key("wraps")
        writer.array(wraps) { $0.byteString($1) }
        writer.key("sender")
        writer.byteString(sender)
        writer.key("recording")
        writer.byteString(recording)
    }
}
