package import Primitives

/// Asks for blinded phone numbers to be evaluated: `{v, key, time, nonce, member, elements}`.
package struct BlindEvaluationRequest: KeyRequest {
    private static let version: UInt64 = 1
    package static let kind = SigningKind.blindEvaluation
    package static let byteCountMax = 2_048
    package static let nonceByteCount = 16

    /// The evaluation is sealed to this key.
    package let key: AgreementKey
    package let time: Timestamp
    /// Random, so that two lookups of one second are two requests.
    package let nonce: [UInt8]
    package let member: MemberID
    /// The blinded numbers, at least one; each counts against the member's quota.
    package let elements: [GroupElement]

    /// Nil for a nonce of another length, for no element, and for more than `PartialEvaluation.elementCountMax`.
    package init?(
        key: AgreementKey, time: Timestamp, nonce: [UInt8], member: MemberID, elements: [GroupElement]
    ) {
        guard nonce.count == Self.nonceByteCount, (1...PartialEvaluation.elementCountMax).contains(elements.count)
        else { return nil }
        self.key = key
        self.time = time
        self.nonce = nonce
        self.member = member
        self.elements = elements
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 6)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("key")
        key = try reader.identifier()
        try reader.key("time")
        time = try reader.counter()
        try reader.key("nonce")
        nonce = try reader.byteString(count: Self.nonceByteCount)
        try reader.key("member")
        member = try reader.identifier()
        try reader.key("elements")
        elements = try reader.array(max: PartialEvaluation.elementCountMax) { inner throws(WireError) in
            try inner.identifier(GroupElement.self)
        }
        reader.leave()
        guard !elements.isEmpty else { throw .badValue(field: "elements") }
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 6)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("key")
        writer.byteString(key)
        writer.key("time")
        writer.unsigned(time)
        writer.key("nonce")
        writer.byteString(nonce)
        writer.key("member")
        writer.byteString(member)
        writer.key("elements")
        writer.array(elements) { $0.byteString($1) }
    }
}
