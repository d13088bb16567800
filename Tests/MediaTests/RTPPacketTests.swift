import Media
import Primitives
import Testing

@Suite struct RTPPacketTests {
    /// By hand from RFC 3550 section 5.1: marker, type 96, one contributor, a MID extension, two bytes of padding.
    private static let full: [UInt8] = [
        0xb1, 0xe0, 0x12, 0x34, 0x00, 0x00, 0x10, 0x00, 0xde, 0xad, 0xbe, 0xef, 0x01, 0x02, 0x03, 0x04, 0xbe, 0xde,
        0x00, 0x01, 0x10, 0x61, 0x00, 0x00, 0xaa, 0xbb, 0x00, 0x02,
    ]

    @Test("RT-1: a packet with everything in it decodes and encodes to the same bytes")
    func full() throws {
        let packet = try RTPPacket(decoding: Self.full)
        #expect(packet.marker)
        #expect(packet.payloadType == 96)
        #expect(packet.sequence == 0x1234)
        #expect(packet.timestamp == 0x1000)
        #expect(packet.source == 0xdead_beef)
        #expect(packet.contributors == [0x0102_0304])
        #expect(packet.headerExtension?.element(1) == Array("a".utf8))
        #expect(packet.payload == [0xaa, 0xbb])
        #expect(packet.paddingByteCount == 2)
        #expect(packet.encoded == Self.full)
    }

    @Test("RT-1: a prefix is refused, or is another packet; flips never crash")
    func mutations() throws {
        let whole = try RTPPacket(decoding: Self.full)
        for count in Self.full.indices {
            if let packet = try? RTPPacket(decoding: Array(Self.full[..<count])) { #expect(packet != whole) }
        }
        for index in Self.full.indices {
            for bit in 0..<8 {
                var bytes = Self.full
                bytes[index] ^= 1 << bit
                guard let packet = try? RTPPacket(decoding: bytes) else { continue }
                // The padding's content alone is not kept.
                if index != Self.full.count - 2 { #expect(packet != whole) }
                #expect(packet.encoded.count == bytes.count)
                _ = packet.headerExtension?.element(1)
            }
        }
    }

    @Test(
        "RT-1: wrong versions, padding and sizes are refused",
        arguments: [
            (Array(repeating: 0x40, count: 12), MediaError.badVersion),
            ([0xa0] + Array(repeating: 0, count: 11), .badLength),
            ([0xa0] + Array(repeating: 0, count: 11) + [0x02], .badLength),
            ([0x90] + Array(repeating: 0, count: 11) + [0, 0, 0xff, 0xff], .truncated),
            (Array(repeating: 0x80, count: 1_501), .limitExceeded(limit: 1_500)),
        ] as [([UInt8], MediaError)])
    func refusals(bytes: [UInt8], error: MediaError) {
        #expect(throws: error) { try RTPPacket(decoding: bytes) }
    }

    @Test("RT-2: sequences unwrap across the wrap, forwards and backwards")
    func unwrapping() {
        var sequences = Unwrapper<UInt16>()
        let values: [UInt16] = [65_534, 65_535, 0, 65_533, 1, 40_000, 1]
        #expect(values.map { sequences.unwrap($0) } == [131_070, 131_071, 131_072, 131_069, 131_073, 105_536, 131_073])
    }
}
