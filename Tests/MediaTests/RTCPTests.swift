import Media
import Testing

@Suite struct RTCPTests {
    private static let block = ReportBlock(
        source: 0x0102_0304, fractionLost: 25, lostCount: -3, highestSequence: 0x0001_2345, jitter: 77,
        lastReport: 0xaabb_ccdd, delay: 65_536)

    private static let packets: [RTCPPacket] = [
        .senderReport(
            SenderReport(
                source: 7, time: NTPTime(0x1122_3344_5566_7788), timestamp: 9, packetCount: 10, octetCount: 11,
                blocks: [block])),
        .receiverReport(source: 8, blocks: [block, block]),
        .sourceDescription([.init(source: 7, name: "abc"), .init(source: 8, name: "")]),
        .packetsMissing(source: 7, media: 9, sequences: [65_530, 65_531, 0, 10, 11, 900]),
        .pictureLost(source: 7, media: 9),
        .other(type: 206, count: 15, body: [1, 2, 3, 4]),
        .goodbye(sources: [7, 8]),
    ]

    @Test("RC-1: a compound of every type decodes to what was written")
    func roundTrip() throws {
        let bytes = RTCPCompound.encode(Self.packets)
        #expect(try RTCPCompound.decode(bytes, allowsReducedSize: false) == Self.packets)
        #expect(RTCPPacket.isRTCP(bytes))
        #expect(!RTCPPacket.isRTCP([0x80, 0xe0]))
    }

    @Test("RC-1: a sender report is read byte by byte as RFC 3550 draws it")
    func golden() throws {
        let bytes: [UInt8] = [
            0x80, 200, 0, 6, 0, 0, 0, 1, 0xe0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 2, 0, 0, 0, 3,
        ]
        let report = SenderReport(
            source: 1, time: NTPTime(0xe000_0000_8000_0000), timestamp: 0x1000, packetCount: 2, octetCount: 3,
            blocks: [])
        #expect(try RTCPCompound.decode(bytes, allowsReducedSize: false) == [.senderReport(report)])
        #expect(RTCPCompound.encode([.senderReport(report)]) == bytes)
    }

    @Test("RC-2: prefixes are refused or decode to fewer packets; flips never crash")
    func mutations() {
        let bytes = RTCPCompound.encode(Self.packets)
        for count in bytes.indices {
            let decoded = try? RTCPCompound.decode(Array(bytes[..<count]), allowsReducedSize: true)
            if let decoded { #expect(decoded.count < Self.packets.count) }
        }
        for index in bytes.indices {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[index] ^= 1 << bit
                _ = try? RTCPCompound.decode(flipped, allowsReducedSize: true)
            }
        }
        var random = SeededGenerator(4)
        for _ in 0..<5_000 {
            let head: [UInt8] = [
                0x80 | UInt8(random.next() % 64), UInt8(200 + random.next() % 8), 0, UInt8(random.next() % 9),
            ]
            _ = try? RTCPCompound.decode(head + random.bytes(Int(random.next() % 40)), allowsReducedSize: true)
        }
    }

    @Test("RC-2: feedback needs a report before it unless the session says otherwise, and padding stands last")
    func strictness() throws {
        let feedback = RTCPCompound.encode([.pictureLost(source: 1, media: 2)])
        #expect(throws: MediaError.badValue) { try RTCPCompound.decode(feedback, allowsReducedSize: false) }
        #expect(try RTCPCompound.decode(feedback, allowsReducedSize: true).count == 1)
        let padded: [UInt8] = [0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4]
        #expect(try RTCPCompound.decode(padded, allowsReducedSize: false) == [.receiverReport(source: 1, blocks: [])])
        #expect(throws: MediaError.badLength) { try RTCPCompound.decode(padded + feedback, allowsReducedSize: false) }
        #expect(throws: MediaError.badLength) {
            try RTCPCompound.decode([0x80, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4], allowsReducedSize: false)
        }
        #expect(throws: MediaError.limitExceeded(limit: 32)) {
            try RTCPCompound.decode((0..<33).flatMap { _ in [0x80, 203, 0, 0] as [UInt8] }, allowsReducedSize: true)
        }
    }

    @Test("RC-3: the round trip follows from the block that answers a report")
    func roundTripTime() {
        let sent = NTPTime(unixMicroseconds: 1_000_000_000)
        let block = ReportBlock(
            source: 1, fractionLost: 0, lostCount: 0, highestSequence: 0, jitter: 0, lastReport: sent.middle,
            delay: 65_536 / 2)
        let trip = block.roundTrip(at: NTPTime(unixMicroseconds: 1_000_620_000))
        #expect(trip.map { (119_900...120_100).contains($0) } == true)
        #expect(block.roundTrip(at: sent) == 0)
        #expect(abs(Int64(sent.microseconds) - 2_208_988_800_000_000 - 1_000_000_000) <= 1)
    }

    @Test("RC-4: loss and jitter are counted as RFC 3550 counts them")
    func statistics() {
        var statistics = ReceiverStatistics(source: 1, clockRate: 90_000)
        #expect(statistics.report(at: MediaInstant(microseconds: 0)) == nil)
        // 100 packets, 10 ms apart, every fourth one lost, each second received one 2 ms late.
        for index in 0..<100 where index % 4 != 3 {
            let packet = RTPPacket(
                marker: false, payloadType: 96, sequence: UInt16(truncatingIfNeeded: 65_500 + index),
                timestamp: UInt32(index * 900), source: 1, payload: [0])
            statistics.receive(packet, at: MediaInstant(microseconds: UInt64(index * 10_000 + index % 2 * 2_000)))
        }
        let report = statistics.report(at: MediaInstant(microseconds: 1_000_000))
        // The last of the hundred was lost too, and nobody knows yet.
        #expect(report?.lostCount == 24)
        #expect(report?.fractionLost == UInt8(24 * 256 / 99))
        #expect(report?.highestSequence == UInt32(65_598))
        // Two of three steps differ by 180 ticks.
        #expect((100...140).contains(statistics.jitter))
        #expect(statistics.report(at: MediaInstant(microseconds: 1_000_000))?.fractionLost == 0)
    }

    @Test("RC-5: sound and picture meet on the sender's clock")
    func lipSync() {
        var sound = SenderTimeline(clockRate: 48_000)
        var picture = SenderTimeline(clockRate: 90_000)
        #expect(sound.microseconds(of: 0, after: picture, 0) == nil)
        let time = NTPTime(unixMicroseconds: 5_000_000)
        func report(_ timestamp: UInt32) -> SenderReport {
            SenderReport(source: 1, time: time, timestamp: timestamp, packetCount: 0, octetCount: 0, blocks: [])
        }
        sound.receive(report(1_000))
        picture.receive(report(.max - 44_999))
        #expect(sound.microseconds(of: 1_000 + 48_000, after: picture, 45_000) == 0)
        #expect(sound.microseconds(of: 1_000 - 480, after: picture, .max - 44_999) == -10_000)
    }

    @Test("RC-6: a name is random letters")
    func name() {
        var random = SeededGenerator(1)
        let name = RTCPPacket.randomName(using: &random)
        #expect(name.utf8.count == 16)
        #expect(name != RTCPPacket.randomName(using: &random))
    }
}
