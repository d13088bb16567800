package import ContentStore
package import Primitives
package import Wire

/// What a participant of a recorded call has the recording's holders keep: a list of blocks, signed by its
/// per-call key.
///
/// So a holder needs no word of the node that brings a block to know that it belongs here. Fields: `v`, `role` 3 or 4,
/// `first` index, `blocks` their CIDs, `recording`.
package struct KeepOrder: WireObject, Hashable {
    package static let version: UInt64 = 1
    package static let blockCountMax = 256
    package static let byteCountMax = 16 << 10

    package let recording: RecordingID
    /// `wraps` or `inner`: outer blocks are made by the holders themselves.
    package let role: BlockRole
    /// The index of the first block; the others follow.
    package let first: UInt64
    package let blocks: [CID]

    package init(recording: RecordingID, role: BlockRole, first: UInt64, blocks: [CID]) {
        self.recording = recording
        self.role = role
        self.first = first
        self.blocks = blocks
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 5)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("role")
        guard let role = BlockRole(rawValue: UInt8(try reader.unsigned(max: 255))), !role.isOuter else {
            throw .badValue(field: "role")
        }
        self.role = role
        try reader.key("first")
        first = try reader.unsigned(max: 1 << 62)
        try reader.key("blocks")
        blocks = try reader.array(max: Self.blockCountMax) { inner throws(WireError) in try inner.link() }
        try reader.key("recording")
        recording = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 5)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("role")
        writer.unsigned(UInt64(role.rawValue))
        writer.key("first")
        writer.unsigned(first)
        writer.key("blocks")
        writer.array(blocks) { $0.link($1) }
        writer.key("recording")
        writer.byteString(recording)
    }

    /// The place of a block, nil when the order does not name it.
    package func tag(of cid: CID) -> BlockTag? {
        blocks.firstIndex(of: cid).map {
            BlockTag(recording: recording, epoch: .zero, role: role, index: first + UInt64($0))
        }
    }
}

/// A keep order with its signature, not yet checked.
package struct SignedKeepOrder: Hashable, Sendable, Verifiable {
    package let order: KeepOrder
    package let object: SignedObject

    /// - Throws: `WireError` when the body is no keep order.
    package init(_ object: SignedObject) throws(WireError) {
        order = try KeepOrder(decoding: object.body)
        self.object = object
    }

    package func signatureChecks(in chain: ChainID) -> [SignatureCheck]? {
        [object.signatureCheck(kind: .keepOrder, chain: chain)]
    }
}
