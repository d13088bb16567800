package import Primitives
package import Wire

/// What a registrar says about a number, for the validators that attest it: `{v, exp, salt, member, number, writer,
/// location}`, signed as kind `number-statement`. It names the number, so it travels sealed to each validator.
package struct NumberClaim: WireObject, Hashable {
    package static let version: UInt64 = 1
    package static let saltByteCount = 16
    package static let byteCountMax = 256
    /// The longest spelling of a number, in bytes.
    static let numberByteCountMax = 16

    package let number: PhoneNumber
    /// Who holds it.
    package let member: MemberID
    /// The key that writes the record; made for this record, so that it links nothing to the member.
    package let writer: PublicKey
    package let location: DHTKey
    /// Random: without it the commitment on the ledger is recognised by nobody.
    package let salt: [UInt8]
    package let expiry: Timestamp

    package init(
        number: PhoneNumber, member: MemberID, writer: PublicKey, location: DHTKey, salt: [UInt8], expiry: Timestamp
    ) {
        self.number = number
        self.member = member
        self.writer = writer
        self.location = location
        self.salt = salt
        self.expiry = expiry
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 7)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("exp")
        expiry = try reader.counter()
        try reader.key("salt")
        salt = try reader.byteString(count: Self.saltByteCount)
        try reader.key("member")
        member = try reader.identifier()
        try reader.key("number")
        let text = try reader.text(max: Self.numberByteCountMax)
        guard let number = PhoneNumber(text), number.exposed == text else { throw .badValue(field: "number") }
        self.number = number
        try reader.key("writer")
        writer = try reader.identifier()
        try reader.key("location")
        location = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 7)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("exp")
        writer.unsigned(expiry)
        writer.key("salt")
        writer.byteString(salt)
        writer.key("member")
        writer.byteString(member)
        writer.key("number")
        writer.text(number.exposed)
        writer.key("writer")
        writer.byteString(self.writer)
        writer.key("location")
        writer.byteString(location)
    }
}

/// That an attested number is given up: `{v, exp, salt, location}`, signed by the writer's key as kind
/// `number-release`. Only who holds that key can say so, and no number is named.
package struct NumberRelease: WireObject, Hashable {
    package static let version: UInt64 = 1
    package static let byteCountMax = 96

    package let location: DHTKey
    package let salt: [UInt8]
    /// The expiry that is released; it releases no later attestation.
    package let expiry: Timestamp

    package init(location: DHTKey, salt: [UInt8], expiry: Timestamp) {
        self.location = location
        self.salt = salt
        self.expiry = expiry
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 4)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("exp")
        expiry = try reader.counter()
        try reader.key("salt")
        salt = try reader.byteString(count: NumberClaim.saltByteCount)
        try reader.key("location")
        location = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 4)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("exp")
        writer.unsigned(expiry)
        writer.key("salt")
        writer.byteString(salt)
        writer.key("location")
        writer.byteString(location)
    }
}
