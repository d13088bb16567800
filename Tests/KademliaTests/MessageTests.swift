import Kademlia
import Primitives
import Testing
import Wire

@Suite("DHT messages")
struct MessageTests {
    static func samples() throws -> [Message] {
        let record = try record(value: [UInt8](repeating: 5, count: StoredRecord.valueByteCountMax)).value.object
        let addresses = try (1...4).map { try address($0).value.object }
        let content = CID(.raw, .zero)
        let provider = try provider(1, of: content).value.object
        let token = Token(rawValue: 0x0102_0304_0506_0708)
        let contents: [Message.Content] = [
            .request(.ping), .request(.find(target: key(1))), .request(.get(location: key(1), kind: .phone)),
            .request(.put(record: record, evidence: [1, 2], expected: 7, token: token)),
            .request(.put(record: record, evidence: [], expected: nil, token: .none)),
            .request(.providers(content: content)), .request(.provide(record: provider, token: token)),
            .request(.addresses(digest: .zero, after: member(3))), .request(.announce(addresses)),
            .response(.pong(token: token)), .response(.nodes(addresses, token: token)), .response(.record(record)),
            .response(.absent([])), .response(.stored(sequence: 9)), .response(.refused(.busy, token: .none)),
            .response(.providers([provider])), .response(.addresses(addresses, more: true)),
        ]
        return contents.enumerated().map { Message(number: UInt32($0.offset), $0.element) }
    }

    @Test("Every message comes back as it went out, and fits a datagram")
    func roundTrip() throws {
        for message in try Self.samples() {
            #expect(try Message(decoding: message.encoded) == message)
            #expect(try IPLDNode(decoding: message.encoded).encoded == message.encoded)
            #expect(message.encoded.count <= Message.byteCountMax)
        }
    }

    @Test("Cut and changed messages never pass for something else")
    func mutations() throws {
        for message in try Self.samples() {
            let bytes = message.encoded
            for length in bytes.indices {
                #expect(throws: WireError.self) { try Message(decoding: Array(bytes[..<length])) }
            }
            for index in bytes.indices {
                var changed = bytes
                changed[index] ^= 0x41
                guard let other = try? Message(decoding: changed) else { continue }
                #expect(other.encoded == changed)
            }
        }
    }

    @Test("Records inside are read strictly too")
    func records() throws {
        let stored = try record().value.record
        #expect(try StoredRecord(decoding: stored.encoded) == stored)
        for index in stored.encoded.indices {
            var changed = stored.encoded
            changed[index] ^= 0x21
            guard let other = try? StoredRecord(decoding: changed) else { continue }
            #expect(other.encoded == changed)
        }
        #expect(throws: WireError.self) { try AddressRecord(decoding: [0xa0]) }
        #expect(AddressRecord.Endpoint(address: [1, 2, 3], port: 1) == nil)
        #expect(AddressRecord.Endpoint(address: [1, 2, 3, 4], port: 0) == nil)
    }
}
