package import Primitives
package import Wire

/// Where a node listens, signed by the node. Gossiped among nodes, seeded by validators and home nodes.
package struct AddressRecord: WireObject, Hashable {
    /// A UDP endpoint: 4 or 16 bytes of address and a port.
    package struct Endpoint: Hashable, Sendable {
        package let address: [UInt8]
        package let port: UInt16

        /// Nil unless the address has 4 or 16 bytes and the port is not 0.
        package init?(address: [UInt8], port: UInt16) {
            guard [4, 16].contains(address.count), port != 0 else { return nil }
            self.address = address
            self.port = port
        }
    }

    package static let version: UInt64 = 1
    package static let endpointsMax = 4
    package static let byteCountMax = 256

    package let member: MemberID
    package let sequence: UInt64
    package let expiry: Timestamp
    package let endpoints: [Endpoint]

    package init(member: MemberID, sequence: UInt64, expiry: Timestamp, endpoints: [Endpoint]) {
        self.member = member
        self.sequence = sequence
        self.expiry = expiry
        self.endpoints = endpoints
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 5)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("at")
        endpoints = try reader.array(max: Self.endpointsMax) { inner throws(WireError) in
            guard try inner.arrayHeader(max: 2) == 2 else { throw .badValue(field: "at") }
            let address = try inner.byteString(max: 16)
            let port = UInt16(try inner.unsigned(max: UInt64(UInt16.max)))
            inner.leave()
            guard let endpoint = Endpoint(address: address, port: port) else { throw .badValue(field: "at") }
            return endpoint
        }
        guard !endpoints.isEmpty else { throw .badValue(field: "at") }
        try reader.key("exp")
        expiry = try reader.counter()
        try reader.key("seq")
        sequence = try reader.unsigned()
        try reader.key("node")
        member = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 5)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("at")
        writer.array(endpoints) { writer, endpoint in
            writer.arrayHeader(count: 2)
            writer.byteString(endpoint.address)
            writer.unsigned(UInt64(endpoint.port))
        }
        writer.key("exp")
        writer.unsigned(expiry)
        writer.key("seq")
        writer.unsigned(sequence)
        writer.key("node")
        writer.byteString(member)
    }
}

/// An address record with its node's signature.
package struct SignedAddress: Hashable, Sendable, Verifiable {
    /// The chain, and the key that the ledger names for the node.
    package struct Context: Sendable {
        package let chain: ChainID
        package let key: PublicKey
        package init(chain: ChainID, key: PublicKey) {
            self.chain = chain
            self.key = key
        }
    }

    package let record: AddressRecord
    package let object: SignedObject

    package init(_ object: SignedObject) throws(WireError) {
        record = try AddressRecord(decoding: object.body)
        self.object = object
    }

    package func signatureChecks(in context: Context) -> [SignatureCheck]? {
        guard object.key == context.key else { return nil }
        return [object.signatureCheck(kind: .address, chain: context.chain)]
    }
}
