package import Primitives

/// Asks for shares of the wraps of one leased group: `{v, time, group, wraps, member, recording}`.
///
/// A wrap lies off the ledger, so the viewer brings it, with the proof that it is a leaf of the tree whose root the
/// sender's seal fixed. A validator takes nothing that is not proven; the answer is sealed to the key in the lease.
package struct WrapShareRequest: KeyRequest {
    private static let version: UInt64 = 1
    package static let kind = SigningKind.shareRequest
    package static let byteCountMax = 81_920

    /// A wrap and its place under a seal: `{wrap, proof}`.
    package struct ProvenWrap: WireObject, Hashable {
        /// The longest signed wrap, in bytes.
        package static let wrapByteCountMax = 1_024
        package static let proofCountMax = 40

        /// The leaf: the encoding of the wrap as its sender signed it.
        package let wrap: [UInt8]
        /// The siblings up to the root in the seal, RFC 9162 section 2.1.3.
        package let proof: [Digest]

        package init(wrap: [UInt8], proof: [Digest]) {
            self.wrap = wrap
            self.proof = proof
        }

        package init(from reader: inout CBORReader) throws(WireError) {
            try reader.mapHeader(count: 2)
            try reader.key("wrap")
            wrap = try reader.byteString(max: Self.wrapByteCountMax)
            try reader.key("proof")
            proof = try reader.array(max: Self.proofCountMax) { inner throws(WireError) in
                try inner.identifier(Digest.self)
            }
            reader.leave()
        }

        package func encode(into writer: inout CBORWriter) {
            writer.mapHeader(count: 2)
            writer.key("wrap")
            writer.byteString(wrap)
            writer.key("proof")
            writer.array(proof) { $0.byteString($1) }
        }
    }

    package let time: Timestamp
    package let group: GroupIndex
    /// One for each track wanted, at least one.
    package let wraps: [ProvenWrap]
    package let member: MemberID
    package let recording: RecordingID

    /// Nil for no wrap, and for more than `PartialEvaluation.elementCountMax`.
    package init?(
        time: Timestamp, group: GroupIndex, wraps: [ProvenWrap], member: MemberID, recording: RecordingID
    ) {
        guard (1...PartialEvaluation.elementCountMax).contains(wraps.count) else { return nil }
        self.time = time
        self.group = group
        self.wraps = wraps
        self.member = member
        self.recording = recording
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 6)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("time")
        time = try reader.counter()
        try reader.key("group")
        group = try reader.counter()
        try reader.key("wraps")
        wraps = try reader.array(max: PartialEvaluation.elementCountMax) { inner throws(WireError) in
            try ProvenWrap(from: &inner)
        }
        try reader.key("member")
        member = try reader.identifier()
        try reader.key("recording")
        recording = try reader.identifier()
        reader.leave()
        guard !wraps.isEmpty else { throw .badValue(field: "wraps") }
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 6)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("time")
        writer.unsigned(time)
        writer.key("group")
        writer.unsigned(group)
        writer.key("wraps")
        writer.array(wraps) { $1.encode(into: &$0) }
        writer.key("member")
        writer.byteString(member)
        writer.key("recording")
        writer.byteString(recording)
    }
}
