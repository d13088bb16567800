package import Primitives
package import Wire

/// What a writer keeps in the DHT under a location: a phone record, an endpoint, a contact list. The value is sealed;
/// the DHT sees a location, a writer's key, a sequence and an expiry.
///
/// No storer stands in what is signed: whoever has a record may pass it to others.
package struct StoredRecord: WireObject, Hashable {
    package enum Kind: UInt64, Sendable, CaseIterable {
        case phone = 1
        case endpoint = 2
        case contacts = 3
    }

    package static let version: UInt64 = 1
    /// The longest sealed value, in bytes.
    package static let valueByteCountMax = 700
    package static let byteCountMax = 900

    package let kind: Kind
    package let location: DHTKey
    /// Rises with every new value; the highest valid one wins.
    package let sequence: UInt64
    package let expiry: Timestamp
    package let value: [UInt8]

    package init(kind: Kind, location: DHTKey, sequence: UInt64, expiry: Timestamp, value: [UInt8]) {
        self.kind = kind
        self.location = location
        self.sequence = sequence
        self.expiry = expiry
        self.value = value
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 6)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("at")
        location = try reader.identifier()
        try reader.key("exp")
        expiry = try reader.counter()
        try reader.key("seq")
        sequence = try reader.unsigned()
        try reader.key("kind")
        guard let kind = Kind(rawValue: try reader.unsigned()) else { throw .badValue(field: "kind") }
        self.kind = kind
        try reader.key("value")
        value = try reader.byteString(max: Self.valueByteCountMax)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 6)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("at")
        writer.byteString(location)
        writer.key("exp")
        writer.unsigned(expiry)
        writer.key("seq")
        writer.unsigned(sequence)
        writer.key("kind")
        writer.unsigned(kind.rawValue)
        writer.key("value")
        writer.byteString(value)
    }
}

/// A stored record with its writer's signature. Anyone can check it: the key is the writer's, and who may write at a
/// location is the ledger's word (`number.attest`), shown to the storer by the writer.
package struct SignedRecord: Hashable, Sendable, Verifiable {
    package let record: StoredRecord
    package let object: SignedObject

    package init(_ object: SignedObject) throws(WireError) {
        record = try StoredRecord(decoding: object.body)
        self.object = object
    }

    package var writer: PublicKey { object.key }

    package func signatureChecks(in chain: ChainID) -> [SignatureCheck]? {
        [object.signatureCheck(kind: .record, chain: chain)]
    }
}
