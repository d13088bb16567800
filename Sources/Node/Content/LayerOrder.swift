import Ledger
package import Primitives
package import Wire

/// The rights holder's word to the holders of its recording: put the first outer layer over what these senders sealed.
/// Fields: `v`, `senders` ascending, `recording`. What follows from it is the same at every holder.
package struct LayerOrder: WireObject, Hashable {
    package static let version: UInt64 = 1
    package static let byteCountMax = 64 << 10

    package let recording: RecordingID
    /// By per-call key, ascending; at least one.
    package let senders: [PublicKey]

    package init(recording: RecordingID, senders: [PublicKey]) {
        self.recording = recording
        self.senders = senders.sorted()
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 3)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("senders")
        senders = try reader.array(max: CeilingOf.roster) { inner throws(WireError) in try inner.identifier() }
        guard !senders.isEmpty, zip(senders, senders.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw .badValue(field: "senders")
        }
        try reader.key("recording")
        recording = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 3)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("senders")
        writer.array(senders) { $0.byteString($1) }
        writer.key("recording")
        writer.byteString(recording)
    }
}

/// A layer order with its signature, not yet checked.
package struct SignedLayerOrder: Hashable, Sendable, Verifiable {
    package let order: LayerOrder
    package let object: SignedObject

    /// - Throws: `WireError` when the body is no layer order.
    package init(_ object: SignedObject) throws(WireError) {
        order = try LayerOrder(decoding: object.body)
        self.object = object
    }

    package func signatureChecks(in chain: ChainID) -> [SignatureCheck]? {
        [object.signatureCheck(kind: .layerOrder, chain: chain)]
    }
}

/// How far a holder is with the first layer. Fields: `v`, `root`, `step`.
package struct LayerState: WireObject, Hashable {
    package enum Step: UInt8, CaseIterable, Sendable {
        /// It works on it.
        case working = 0
        /// `root` is that of the outer manifest.
        case done = 1
        /// Blocks have not come, or do not fit what was sealed.
        case incomplete = 2
        /// Fewer than enough validators gave a share of the outer key.
        case noKey = 3
        /// The disk is full or failed.
        case failed = 4
    }

    package static let version: UInt64 = 1

    package let step: Step
    /// Zero unless done.
    package let root: Digest

    package init(_ step: Step, root: Digest = .zero) {
        self.step = step
        self.root = root
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 3)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("root")
        root = try reader.identifier()
        try reader.key("step")
        guard let step = Step(rawValue: UInt8(try reader.unsigned(max: 255))) else { throw .badValue(field: "step") }
        self.step = step
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 3)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("root")
        writer.byteString(root)
        writer.key("step")
        writer.unsigned(UInt64(step.rawValue))
    }
}
