package import Primitives
package import Wire

/// What a participant answers when all are asked, or says later: may this roster be recorded, and which of my tracks.
/// It travels signed by the participant's per-call key.
///
/// Fields: `v`, `call` 32 bytes, `agrees` bool, `roster` hash 32 bytes, `tracks` bits of `TrackKind`.
package struct ConsentStatement: WireObject, Hashable {
    package let call: CallID
    /// False declines, or withdraws what was agreed.
    package let agrees: Bool
    /// The hash of the roster that was shown to the one who answers.
    package let roster: Digest
    /// Bits of `TrackKind`; 0 when it does not agree.
    package let tracks: UInt8

    package init(call: CallID, agrees: Bool, roster: Digest, tracks: UInt8) {
        self.call = call
        self.agrees = agrees
        self.roster = roster
        self.tracks = agrees ? tracks & 15 : 0
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(5)
        call = try reader.id("call")
        try reader.key("agrees")
        agrees = try reader.boolean()
        roster = try reader.id("roster")
        tracks = UInt8(try reader.number("tracks", max: 15))
        guard agrees == (tracks != 0) else { throw .badValue(field: "tracks") }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(5)
        writer.field("call", call)
        writer.key("agrees")
        writer.boolean(agrees)
        writer.field("roster", roster)
        writer.field("tracks", UInt64(tracks))
    }
}

/// A consent statement as it came, with its signature.
package struct SignedConsent: Verifiable, Hashable, Sendable {
    package let object: SignedObject
    package let statement: ConsentStatement

    /// - Throws: `WireError` when the body is no consent statement.
    package init(_ object: SignedObject) throws(WireError) {
        statement = try ConsentStatement(decoding: object.body)
        self.object = object
    }

    /// The per-call key that signed.
    package var participant: PublicKey { object.key }

    package func signatureChecks(in chain: ChainID) -> [SignatureCheck]? {
        [object.signatureCheck(kind: .consent, chain: chain)]
    }
}
