package import Primitives
package import Wire

/// What a caller says inside the seal: who calls, whom, in which call, with which ephemeral key. It grants ringing and
/// nothing else. Signed by the caller's member key (kind `call-invite`).
package struct Invite: WireObject, Hashable {
    package static let version: UInt64 = 1
    package static let byteCountMax = 1_024

    package let call: CallID
    package let from: MemberID
    package let to: MemberID
    package let time: Timestamp
    /// The caller's ephemeral X25519 key.
    package let ephemeral: AgreementKey
    /// SHA-256 of the caller's SAS nonce and the call id: revealed after the answer.
    package let commitment: Digest
    /// SHA-256 of the DTLS certificate the caller will show.
    package let fingerprint: Digest
    /// The caller's per-call Ed25519 key.
    package let callKey: PublicKey
    /// Where the answer goes.
    package let replyTo: MailboxAddress
    package let wantsVideo: Bool

    package init(
        call: CallID, from: MemberID, to: MemberID, time: Timestamp, ephemeral: AgreementKey, commitment: Digest,
        fingerprint: Digest, callKey: PublicKey, replyTo: MailboxAddress, wantsVideo: Bool
    ) {
        self.call = call
        self.from = from
        self.to = to
        self.time = time
        self.ephemeral = ephemeral
        self.commitment = commitment
        self.fingerprint = fingerprint
        self.callKey = callKey
        self.replyTo = replyTo
        self.wantsVideo = wantsVideo
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 11)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("fp")
        fingerprint = try reader.identifier()
        try reader.key("to")
        to = try reader.identifier()
        try reader.key("eph")
        ephemeral = try reader.identifier()
        try reader.key("key")
        callKey = try reader.identifier()
        try reader.key("sas")
        commitment = try reader.identifier()
        try reader.key("call")
        call = try reader.identifier()
        try reader.key("from")
        from = try reader.identifier()
        try reader.key("time")
        time = try reader.counter()
        try reader.key("reply")
        replyTo = try MailboxAddress(from: &reader)
        try reader.key("video")
        wantsVideo = try reader.boolean()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 11)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("fp")
        writer.byteString(fingerprint)
        writer.key("to")
        writer.byteString(to)
        writer.key("eph")
        writer.byteString(ephemeral)
        writer.key("key")
        writer.byteString(callKey)
        writer.key("sas")
        writer.byteString(commitment)
        writer.key("call")
        writer.byteString(call)
        writer.key("from")
        writer.byteString(from)
        writer.key("time")
        writer.unsigned(time)
        writer.key("reply")
        replyTo.encode(into: &writer)
        writer.key("video")
        writer.boolean(wantsVideo)
    }
}

/// An invite with its caller's signature, not yet checked.
package struct SignedInvite: Hashable, Sendable, Verifiable {
    package let invite: Invite
    package let object: SignedObject

    package init(_ object: SignedObject) throws(WireError) {
        invite = try Invite(decoding: object.body)
        self.object = object
    }

    package func signatureChecks(in context: SignedPrekey<PrekeyBundle>.Context) -> [SignatureCheck]? {
        guard object.key == context.key else { return nil }
        return [object.signatureCheck(kind: .invite, chain: context.chain)]
    }
}

/// A sealed invite as a mailbox sees it: which prekeys it was sealed to, and ciphertext of one of a few sizes.
package struct SealedInvite: WireObject, Hashable {
    package static let version: UInt64 = 1
    package static let suite: UInt64 = 1
    /// Plaintext sizes, in bytes: length alone tells nothing about a caller.
    package static let buckets = [1_024, 2_048]

    package let prekey: AgreementKey
    package let oneTimeKey: AgreementKey?
    /// The seal's own ephemeral key.
    package let ephemeral: AgreementKey
    package let ciphertext: [UInt8]

    package init(prekey: AgreementKey, oneTimeKey: AgreementKey?, ephemeral: AgreementKey, ciphertext: [UInt8]) {
        self.prekey = prekey
        self.oneTimeKey = oneTimeKey
        self.ephemeral = ephemeral
        self.ciphertext = ciphertext
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 6)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("ct")
        ciphertext = try reader.byteString(max: 2_048 + 16)
        try reader.key("eph")
        ephemeral = try reader.identifier()
        try reader.key("opk")
        oneTimeKey = reader.nullIfPresent() ? nil : try reader.identifier()
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
        writer.key("ct")
        writer.byteString(ciphertext)
        writer.key("eph")
        writer.byteString(ephemeral)
        writer.key("opk")
        if let oneTimeKey { writer.byteString(oneTimeKey) } else { writer.null() }
        writer.key("spk")
        writer.byteString(prekey)
        writer.key("suite")
        writer.unsigned(Self.suite)
    }

    /// Pads to the next bucket with 0x80 and zeros (ISO/IEC 7816-4); nil when no bucket fits.
    package static func pad(_ plain: [UInt8]) -> [UInt8]? {
        guard let size = buckets.first(where: { $0 > plain.count }) else { return nil }
        return plain + [0x80] + [UInt8](repeating: 0, count: size - plain.count - 1)
    }

    /// Takes the padding off; nil when there is none.
    package static func unpad(_ padded: [UInt8]) -> [UInt8]? {
        guard let mark = padded.lastIndex(where: { $0 != 0 }), padded[mark] == 0x80 else { return nil }
        return Array(padded[..<mark])
    }
}
