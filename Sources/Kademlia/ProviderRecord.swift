package import Primitives
package import Wire

/// A node's word that it holds a content block, signed by the node.
package struct ProviderRecord: WireObject, Hashable {
    package static let version: UInt64 = 1
    package static let byteCountMax = 128

    package let content: CID
    package let member: MemberID
    package let expiry: Timestamp

    package init(content: CID, member: MemberID, expiry: Timestamp) {
        self.content = content
        self.member = member
        self.expiry = expiry
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 4)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("cid")
        content = try reader.link()
        try reader.key("exp")
        expiry = try reader.counter()
        try reader.key("node")
        member = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 4)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("cid")
        writer.link(content)
        writer.key("exp")
        writer.unsigned(expiry)
        writer.key("node")
        writer.byteString(member)
    }

    /// Where providers of `content` are kept: the hash of its binary CID.
    package static func location(of content: CID, with hash: inout some Hashing) -> DHTKey {
        DHTKey(raw: hash.digest(content.bytes).raw)
    }
}

/// A provider record with its node's signature.
package struct SignedProvider: Hashable, Sendable, Verifiable {
    package let record: ProviderRecord
    package let object: SignedObject

    package init(_ object: SignedObject) throws(WireError) {
        record = try ProviderRecord(decoding: object.body)
        self.object = object
    }

    package func signatureChecks(in context: SignedAddress.Context) -> [SignatureCheck]? {
        guard object.key == context.key else { return nil }
        return [object.signatureCheck(kind: .provider, chain: context.chain)]
    }
}
