package import Primitives
package import Wire

/// A device's signed prekey: how to seal an invite to a member that may be away.
///
/// Signed by the member's key (kind `prekey-bundle`). Its CID stands in the phone record, so that a home node cannot
/// hand out another.
package struct PrekeyBundle: WireObject, Hashable {
    package static let version: UInt64 = 1
    /// X25519, HKDF-SHA-256, AES-256-GCM. The next suite adds ML-KEM-768.
    package static let suite: UInt64 = 1
    package static let byteCountMax = 256

    package let member: MemberID
    /// The signed prekey, rotated by its owner.
    package let prekey: AgreementKey
    /// The member's long-term agreement key, as the ledger has it.
    package let identity: AgreementKey
    package let expiry: Timestamp

    package init(member: MemberID, prekey: AgreementKey, identity: AgreementKey, expiry: Timestamp) {
        self.member = member
        self.prekey = prekey
        self.identity = identity
        self.expiry = expiry
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 6)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("id")
        identity = try reader.identifier()
        try reader.key("exp")
        expiry = try reader.counter()
        try reader.key("mem")
        member = try reader.identifier()
        try reader.key("spk")
        prekey = try reader.identifier()
        try reader.key("suite")
        guard try reader.unsigned() == Self.suite else { throw .badValue(field: "suite") }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 6)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("id")
        writer.byteString(identity)
        writer.key("exp")
        writer.unsigned(expiry)
        writer.key("mem")
        writer.byteString(member)
        writer.key("spk")
        writer.byteString(prekey)
        writer.key("suite")
        writer.unsigned(Self.suite)
    }
}

/// A prekey that is used once, signed by the member's key (kind `one-time-prekey`), handed out by the home node.
package struct OneTimePrekey: WireObject, Hashable {
    package static let version: UInt64 = 1
    package static let byteCountMax = 160

    package let member: MemberID
    package let key: AgreementKey
    package let expiry: Timestamp

    package init(member: MemberID, key: AgreementKey, expiry: Timestamp) {
        self.member = member
        self.key = key
        self.expiry = expiry
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 4)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("exp")
        expiry = try reader.counter()
        try reader.key("key")
        key = try reader.identifier()
        try reader.key("mem")
        member = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 4)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("exp")
        writer.unsigned(expiry)
        writer.key("key")
        writer.byteString(key)
        writer.key("mem")
        writer.byteString(member)
    }
}

/// A signed object of a member, and what it says, not yet checked.
package struct SignedPrekey<Body: WireObject & Hashable>: Hashable, Sendable, Verifiable {
    /// The chain, the kind that fits the body, and the key the ledger names for the member.
    package struct Context: Sendable {
        package let chain: ChainID
        package let key: PublicKey
        package init(chain: ChainID, key: PublicKey) {
            self.chain = chain
            self.key = key
        }
    }

    package let body: Body
    package let object: SignedObject
    private let kind: SigningKind

    fileprivate init(_ object: SignedObject, kind: SigningKind) throws(WireError) {
        body = try Body(decoding: object.body)
        self.object = object
        self.kind = kind
    }

    package func signatureChecks(in context: Context) -> [SignatureCheck]? {
        guard object.key == context.key else { return nil }
        return [object.signatureCheck(kind: kind, chain: context.chain)]
    }
}

extension SignedPrekey where Body == PrekeyBundle {
    package init(_ object: SignedObject) throws(WireError) { try self.init(object, kind: .prekeys) }
}

extension SignedPrekey where Body == OneTimePrekey {
    package init(_ object: SignedObject) throws(WireError) { try self.init(object, kind: .oneTimePrekey) }
}
