package import Primitives
package import Wire

/// The keys under a member: they rotate, the member's id stays.
package struct MemberKeys: WireObject, Hashable {
    /// Signs the member's transactions and requests; for a validator also its votes.
    package let sign: PublicKey
    /// What is sealed to the member is sealed to this key; also its static key of Noise handshakes.
    package let agreement: AgreementKey
    /// Authenticates the member's TLS links, when that is not `sign`.
    package let link: PublicKey?

    package init(sign: PublicKey, agreement: AgreementKey, link: PublicKey? = nil) {
        self.sign = sign
        self.agreement = agreement
        self.link = link
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let count = try reader.begin(3, through: 4)
        agreement = try reader.id("dh")
        link = try reader.idIfPresent("link")
        sign = try reader.id("sign")
        if link == sign { throw .badValue(field: "link") }
        try reader.end(count, read: link == nil ? 3 : 4)
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(link == nil ? 3 : 4)
        writer.field("dh", agreement)
        if let link { writer.field("link", link) }
        writer.field("sign", sign)
    }

    /// The key that the member's TLS certificate must hold.
    package var linkKey: PublicKey { link ?? sign }
}
