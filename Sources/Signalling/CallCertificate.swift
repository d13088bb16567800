package import Primitives
package import Wire

/// A member's word that a per-call key is its own, in this call with this roster (kind `call-key`).
///
/// The ledger holds a commitment to it; participants hold the opening. Without one, a record says "claimed".
package struct CallCertificate: WireObject, Hashable {
    package static let version: UInt64 = 1
    package static let byteCountMax = 192

    package let call: CallID
    package let member: MemberID
    package let callKey: PublicKey
    /// The hash of the roster, as `RosterHash` makes it.
    package let roster: Digest

    package init(call: CallID, member: MemberID, callKey: PublicKey, roster: Digest) {
        self.call = call
        self.member = member
        self.callKey = callKey
        self.roster = roster
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 5)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("key")
        callKey = try reader.identifier()
        try reader.key("mem")
        member = try reader.identifier()
        try reader.key("call")
        call = try reader.identifier()
        try reader.key("roster")
        roster = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 5)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("key")
        writer.byteString(callKey)
        writer.key("mem")
        writer.byteString(member)
        writer.key("call")
        writer.byteString(call)
        writer.key("roster")
        writer.byteString(roster)
    }

    /// SHA-256 of salt and signed certificate: what `call.open` and `call.accept` put on the ledger.
    package static func commitment(
        to certificate: SignedObject, salt: Digest, with hash: inout some Hashing
    ) -> Digest {
        hash.update(salt.bytes)
        hash.update(certificate.encoded)
        return hash.finish()
    }
}

/// A call certificate with its member's signature, not yet checked.
package struct SignedCallCertificate: Hashable, Sendable, Verifiable {
    package let certificate: CallCertificate
    package let object: SignedObject

    package init(_ object: SignedObject) throws(WireError) {
        certificate = try CallCertificate(decoding: object.body)
        self.object = object
    }

    package func signatureChecks(in context: SignedPrekey<PrekeyBundle>.Context) -> [SignatureCheck]? {
        guard object.key == context.key else { return nil }
        return [object.signatureCheck(kind: .callKey, chain: context.chain)]
    }
}
