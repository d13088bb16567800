package import Primitives

/// Asks for shares of a recording's outer key: `{v, as, key, time, epoch, member, recording}`. It names and brings no
/// point: a validator computes that itself.
package struct OuterKeyRequest: KeyRequest {
    private static let version: UInt64 = 1
    package static let kind = SigningKind.outerRequest
    package static let byteCountMax = 256

    /// By what right.
    package enum Role: UInt8, CaseIterable, Sendable {
        /// With an open lease; `key` must be the lease's.
        case viewer = 0
        /// As an assigned holder, to rotate.
        case holder = 1
    }

    package let role: Role
    /// The evaluation is sealed to this key.
    package let key: AgreementKey
    package let time: Timestamp
    package let epoch: RightsEpoch
    package let member: MemberID
    package let recording: RecordingID

    package init(
        as role: Role, key: AgreementKey, time: Timestamp, epoch: RightsEpoch, member: MemberID,
        recording: RecordingID
    ) {
        self.role = role
        self.key = key
        self.time = time
        self.epoch = epoch
        self.member = member
        self.recording = recording
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 7)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("as")
        guard let role = Role(rawValue: UInt8(try reader.unsigned(max: 255))) else { throw .badValue(field: "as") }
        self.role = role
        try reader.key("key")
        key = try reader.identifier()
        try reader.key("time")
        time = try reader.counter()
        try reader.key("epoch")
        epoch = try reader.counter()
        try reader.key("member")
        member = try reader.identifier()
        try reader.key("recording")
        recording = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 7)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("as")
        writer.unsigned(UInt64(role.rawValue))
        writer.key("key")
        writer.byteString(key)
        writer.key("time")
        writer.unsigned(time)
        writer.key("epoch")
        writer.unsigned(epoch)
        writer.key("member")
        writer.byteString(member)
        writer.key("recording")
        writer.byteString(recording)
    }
}
