package import Primitives
package import Wire

/// The frames that a sender sent on one track in the last second, signed by its per-call key.
///
/// Fields: `v`, `call` 32 bytes, `epoch` roster epoch, `first` index of the first frame within (epoch, track), `track`,
/// `leaves` 32 bytes each in one string, `sender` place in the roster, `timestamp` of the first frame on the wire: a
/// server that shifts all timestamps of a stream by one amount shifts this one too, and can be seen through.
package struct LeafList: WireObject, Hashable {
    package let call: CallID
    package let rosterEpoch: RosterEpoch
    /// Counts the frames of this track in this roster epoch from 0.
    package let first: UInt64
    package let track: UInt8
    /// At most `RecordingLimits.leavesPerList`, at least one.
    package let leaves: [Digest]
    /// 12 bits.
    package let sender: UInt16
    package let timestamp: UInt32

    package init(
        call: CallID, rosterEpoch: RosterEpoch, first: UInt64, track: UInt8, leaves: [Digest], sender: UInt16,
        timestamp: UInt32
    ) {
        self.call = call
        self.rosterEpoch = rosterEpoch
        self.first = first
        self.track = track
        self.leaves = leaves
        self.sender = sender
        self.timestamp = timestamp
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(8)
        call = try reader.id("call")
        rosterEpoch = RosterEpoch(try reader.number("epoch", max: MediaKeyID.rosterEpochMax))
        first = try reader.number("first", max: 1 << 48)
        track = UInt8(try reader.number("track", max: 255))
        try reader.key("leaves")
        let bytes = try reader.byteString(max: RecordingLimits.leavesPerList * Bytes32.byteCount)
        guard !bytes.isEmpty, bytes.count % Bytes32.byteCount == 0 else { throw .badValue(field: "leaves") }
        var leaves: [Digest] = []
        for start in stride(from: 0, to: bytes.count, by: Bytes32.byteCount) {
            guard let leaf = Digest(bytes[start..<start + Bytes32.byteCount]) else { throw .badValue(field: "leaves") }
            leaves.append(leaf)
        }
        self.leaves = leaves
        sender = UInt16(try reader.number("sender", max: UInt64(MediaKeyID.senderMax)))
        timestamp = UInt32(try reader.number("timestamp", max: UInt64(UInt32.max)))
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(8)
        writer.field("call", call)
        writer.field("epoch", rosterEpoch.rawValue)
        writer.field("first", first)
        writer.field("track", UInt64(track))
        var bytes: [UInt8] = []
        for leaf in leaves { leaf.raw.append(to: &bytes) }
        writer.field("leaves", bytes: bytes)
        writer.field("sender", UInt64(sender))
        writer.field("timestamp", UInt64(timestamp))
    }
}

/// A leaf list as it came, with its signature.
package struct SignedLeafList: Verifiable, WireObject, Hashable {
    /// The longest body, in bytes.
    package static let bodyByteCountMax = RecordingLimits.leavesPerList * Bytes32.byteCount + 256

    package let object: SignedObject
    package let list: LeafList

    /// - Throws: `WireError` when the body is no leaf list.
    package init(_ object: SignedObject) throws(WireError) {
        list = try LeafList(decoding: object.body)
        self.object = object
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try self.init(try SignedObject(from: &reader, bodyMax: Self.bodyByteCountMax))
    }

    package func encode(into writer: inout CBORWriter) { object.encode(into: &writer) }

    package func signatureChecks(in chain: ChainID) -> [SignatureCheck]? {
        [object.signatureCheck(kind: .leafList, chain: chain)]
    }
}
