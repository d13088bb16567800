package import Primitives
package import Wire

/// What attesting validators say about one phone number without naming it: signed as kind `numberAttestation`.
package struct NumberStatement: WireObject, Hashable {
    /// H(location ‖ writer key ‖ salt): only who knows all three recognises it.
    package let commitment: Digest
    /// Until when it is held. A release names the expiry that it releases, so that it releases nothing else.
    package let expiry: Timestamp
    package let isRelease: Bool

    package init(commitment: Digest, expiry: Timestamp, isRelease: Bool = false) {
        self.commitment = commitment
        self.expiry = expiry
        self.isRelease = isRelease
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(4)
        expiry = try reader.count("expiry")
        isRelease = try reader.flag("release")
        commitment = try reader.id("commitment")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(4)
        writer.field("expiry", expiry)
        writer.field("release", isRelease)
        writer.field("commitment", commitment)
    }
}

/// `number.attest` and `number.release`: a statement with the signatures of enough attesters. A validator sends it,
/// so that no member is linked to it.
package struct NumberAttest: WireObject, Hashable {
    package let statement: NumberStatement
    /// By the validators' signing keys over the statement; no approval of the transaction, so that the attesters
    /// need not know when it is sent.
    package let attestations: [CoSignature]

    package init(statement: NumberStatement, attestations: [CoSignature]) {
        self.statement = statement
        self.attestations = attestations
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        statement = try reader.object("statement")
        attestations = try CoSignature.list("attestations", max: CeilingOf.validators, from: &reader)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("statement", statement)
        writer.field("attestations", list: attestations)
    }
}
