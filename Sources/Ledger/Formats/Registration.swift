package import Primitives
package import Wire

/// A member's first statement about itself. Its hash is the member's id for life; it is signed by the key it names
/// (kind `registration`), which proves possession. A registration in the genesis document is signed for chain zero,
/// since the chain is named only by the finished document.
package struct Registration: WireObject, Hashable {
    /// The longest name, in UTF-8 bytes.
    package static let nameByteCountMax = 64
    package static let saltByteCount = 16
    /// The longest encoding.
    package static let byteCountMax = 512

    package let keys: MemberKeys
    package let roles: Roles
    /// A public name, for members that serve others. Persons have none: no name of a person enters the ledger.
    package let name: String
    /// Random bytes, so that the same keys may be registered on two networks under ids that nobody links.
    package let salt: [UInt8]

    package init(keys: MemberKeys, roles: Roles, name: String = "", salt: [UInt8]) {
        self.keys = keys
        self.roles = roles
        self.name = name
        self.salt = salt
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(5)
        keys = try reader.object("keys")
        try reader.key("name")
        name = try reader.text(max: Self.nameByteCountMax)
        try reader.key("salt")
        salt = try reader.byteString(count: Self.saltByteCount)
        roles = try Roles(reading: try reader.number("roles"), field: "roles")
        if roles == .person, !name.isEmpty { throw .badValue(field: "name") }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(5)
        writer.field("keys", keys)
        writer.field("name", text: name)
        writer.field("salt", salt)
        writer.field("roles", UInt64(roles.rawValue))
    }
}

/// A registration as it came: the signed bytes, what they say, and the id they make.
package struct SignedRegistration: WireObject, Hashable {
    package let object: SignedObject
    package let registration: Registration

    /// - Throws: `WireError` when the body is no registration, or names another key than the one that signed.
    package init(_ object: SignedObject) throws(WireError) {
        self.object = object
        registration = try Registration(decoding: object.body)
        guard registration.keys.sign == object.key else { throw .badValue(field: "key") }
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try self.init(try SignedObject(from: &reader, bodyMax: Registration.byteCountMax))
    }

    package func encode(into writer: inout CBORWriter) { object.encode(into: &writer) }

    /// The member's id: SHA-256 of the registration's bytes.
    package func memberID(with hash: inout some Hashing) -> MemberID { MemberID(raw: hash.digest(object.body).raw) }
}
