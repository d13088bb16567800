package import Crypto
package import Primitives
package import Wire

/// What a member keeps of a published number, to write its record again without another attestation, and to release it:
/// `{v, exp, salt, seed, location}`. It does not hold the number, but whoever has it can write under it: a secret file.
package struct NumberListing: WireObject, Sendable {
    package static let version: UInt64 = 1
    package static let byteCountMax = 160

    package let location: DHTKey
    package let salt: [UInt8]
    /// Of the attestation.
    package let expiry: Timestamp
    /// Of the writer's key.
    private let seed: [UInt8]

    /// A new writer and salt, random.
    init(location: DHTKey, expiry: Timestamp) {
        self.location = location
        self.expiry = expiry
        salt = SecureRandom.bytes(count: NumberClaim.saltByteCount)
        seed = SecureRandom.bytes(count: SigningKey.seedByteCount)
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 5)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("exp")
        expiry = try reader.counter()
        try reader.key("salt")
        salt = try reader.byteString(count: NumberClaim.saltByteCount)
        try reader.key("seed")
        seed = try reader.byteString(count: SigningKey.seedByteCount)
        try reader.key("location")
        location = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 5)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("exp")
        writer.unsigned(expiry)
        writer.key("salt")
        writer.byteString(salt)
        writer.key("seed")
        writer.byteString(seed)
        writer.key("location")
        writer.byteString(location)
    }

    /// The key that writes the record.
    package var writer: SigningKey {
        guard let key = try? SigningKey(seed: seed) else { preconditionFailure("a listing's seed has 32 bytes") }
        return key
    }

    /// What the attestation puts on the ledger.
    package var commitment: Digest { PhoneService.commitment(location, writer.publicKey, salt) }
}
