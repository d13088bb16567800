import Kademlia
import Primitives
import Wire

/// Ids with a readable first byte.
func key(_ first: UInt8, _ last: UInt8 = 0) -> DHTKey {
    var bytes = [UInt8](repeating: 0, count: 32)
    bytes[0] = first
    bytes[31] = last
    return DHTKey(bytes) ?? .zero
}

func member(_ number: UInt8) -> MemberID { MemberID(raw: key(number).raw) }
func contact(_ number: UInt8) -> Contact { Contact(id: key(number), member: member(number)) }

let noSignature = Signature([UInt8](repeating: 1, count: 64))

func signed(_ body: [UInt8], writer: UInt8 = 1) -> SignedObject? {
    noSignature.map { SignedObject(key: PublicKey(raw: key(writer).raw), signature: $0, body: body) }
}

func record(
    at location: DHTKey = key(9), writer: UInt8 = 1, sequence: UInt64 = 1, expiry: UInt64 = 1_000, value: [UInt8] = [1]
) throws -> Verified<SignedRecord> {
    let body = StoredRecord(
        kind: .phone, location: location, sequence: sequence, expiry: Timestamp(expiry), value: value)
    guard let object = signed(body.encoded, writer: writer) else { throw WireError.badValue(field: "fixture") }
    return Verified(unchecked: try SignedRecord(object))
}

func address(_ number: UInt8, sequence: UInt64 = 1, expiry: UInt64 = 1_000) throws -> Verified<SignedAddress> {
    guard let endpoint = AddressRecord.Endpoint(address: [127, 0, 0, number], port: 4_000) else {
        throw WireError.badValue(field: "fixture")
    }
    let body = AddressRecord(
        member: member(number), sequence: sequence, expiry: Timestamp(expiry), endpoints: [endpoint])
    guard let object = signed(body.encoded) else { throw WireError.badValue(field: "fixture") }
    return Verified(unchecked: try SignedAddress(object))
}

func provider(_ number: UInt8, of content: CID, expiry: UInt64 = 1_000) throws -> Verified<SignedProvider> {
    let body = ProviderRecord(content: content, member: member(number), expiry: Timestamp(expiry))
    guard let object = signed(body.encoded) else { throw WireError.badValue(field: "fixture") }
    return Verified(unchecked: try SignedProvider(object))
}
