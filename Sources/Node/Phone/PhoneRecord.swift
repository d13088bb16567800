package import Crypto
package import Primitives
package import Signalling
package import Wire

/// What a number leads to: who holds it, and where a message for that member waits. Never an address.
///
/// `{v, exp, salt, suite, member, writer, mailbox, prekeys}`, signed by the member as kind `phone-record`, then sealed:
/// only who knows the number, and was let look it up, can open it.
package struct PhoneRecord: WireObject, Hashable {
    package static let version: UInt64 = 1
    /// AES-256-GCM under a key from the number's VOPRF output; Ed25519.
    package static let suite: UInt64 = 1

    package let member: MemberID
    /// At the member's home node.
    package let mailbox: MailboxAddress
    /// Of the signed prekey bundle, so that the home node cannot hand out another.
    package let prekeys: CID
    /// The key that writes the record: the member says that it is its own.
    package let writer: PublicKey
    /// Of the attestation; with location and writer it gives the commitment on the ledger.
    package let salt: [UInt8]
    /// Of the attestation.
    package let expiry: Timestamp

    package init(
        member: MemberID, mailbox: MailboxAddress, prekeys: CID, writer: PublicKey, salt: [UInt8], expiry: Timestamp
    ) {
        self.member = member
        self.mailbox = mailbox
        self.prekeys = prekeys
        self.writer = writer
        self.salt = salt
        self.expiry = expiry
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 8)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("exp")
        expiry = try reader.counter()
        try reader.key("salt")
        salt = try reader.byteString(count: NumberClaim.saltByteCount)
        try reader.key("suite")
        guard try reader.unsigned() == Self.suite else { throw .badValue(field: "suite") }
        try reader.key("member")
        member = try reader.identifier()
        try reader.key("writer")
        writer = try reader.identifier()
        try reader.key("mailbox")
        mailbox = try MailboxAddress(from: &reader)
        try reader.key("prekeys")
        prekeys = try reader.link()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 8)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("exp")
        writer.unsigned(expiry)
        writer.key("salt")
        writer.byteString(salt)
        writer.key("suite")
        writer.unsigned(Self.suite)
        writer.key("member")
        writer.byteString(member)
        writer.key("writer")
        writer.byteString(self.writer)
        writer.key("mailbox")
        mailbox.encode(into: &writer)
        writer.key("prekeys")
        writer.link(prekeys)
    }

    // MARK: Seal

    /// Signs as the member and seals: nonce (12) ‖ AES-256-GCM of the signed object ‖ tag (16). Chain, location and
    /// writer are authenticated with it.
    /// - Throws: `CryptoError`, for nothing that a caller can bring about.
    package func sealed(
        by member: any Signing, at location: DHTKey, under key: borrowing SecretKey, chain: ChainID
    ) throws(CryptoError) -> [UInt8] {
        let nonce = Nonce.random()
        let object = member.sign(.phoneRecord, chain: chain, body: encoded)
        return nonce.bytes
            + (try AEAD(key: key).seal(
                object.encoded, nonce: nonce, authenticating: Self.data(chain, location, writer)))
    }

    /// Opens a sealed record: the signed object inside, whose signature is not checked here, and what it says. Nil when
    /// it does not open, or names another writer.
    package static func open(
        _ sealed: [UInt8], at location: DHTKey, writer: PublicKey, under key: borrowing SecretKey, chain: ChainID
    ) -> (record: PhoneRecord, object: SignedObject)? {
        guard sealed.count > Nonce.byteCount, let nonce = Nonce(Array(sealed[..<Nonce.byteCount])),
            let plain = try? AEAD(key: key).open(
                Array(sealed[Nonce.byteCount...]), nonce: nonce, authenticating: data(chain, location, writer)),
            let object = try? SignedObject(decoding: plain),
            let record = try? PhoneRecord(decoding: object.body), record.writer == writer
        else { return nil }
        return (record, object)
    }

    private static func data(_ chain: ChainID, _ location: DHTKey, _ writer: PublicKey) -> [UInt8] {
        chain.bytes + location.bytes + writer.bytes
    }
}
