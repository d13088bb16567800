import Media
import Testing

@Suite struct FrameTests {
    @Test(
        "VP-1: a descriptor with every field decodes and encodes to the same bytes",
        arguments: [
            [0x10], [0x00], [0x90, 0x80, 0x81, 0x23], [0x90, 0x80, 0x12], [0xb7, 0xf0, 0xff, 0xff, 0x07, 0xff],
            [0x80, 0x40, 0x09], [0x80, 0x20, 0xc0], [0x80, 0x10, 0x1f],
        ] as [[UInt8]])
    func descriptors(bytes: [UInt8]) throws {
        let (descriptor, start) = try VP8Descriptor.decode(bytes + [0xaa])
        #expect(start == bytes.count)
        var again: [UInt8] = []
        descriptor.append(to: &again)
        #expect(again == bytes)
        for count in bytes.indices {
            #expect(throws: MediaError.truncated) { try VP8Descriptor.decode(Array(bytes[..<count])) }
        }
    }

    private static func packets(of frame: [UInt8], marker: Bool = true, timestamp: UInt32 = 0) throws -> [RTPPacket] {
        var packetizer = FramePacketizer(codec: .vp8, pictureID: 0x7fff)
        let payloads = try packetizer.payloads(of: frame)
        return payloads.enumerated().map { index, payload in
            RTPPacket(
                marker: marker && index == payloads.count - 1, payloadType: 96, sequence: UInt16(index),
                timestamp: timestamp, source: 1, payload: payload)
        }
    }

    @Test(
        "VP-2: frames of every size around the limits come out as they went in",
        arguments: [
            1, 3, 10, 1_095, 1_096, 1_097, 2_192, 2_193, 100_000, FramePacketizer.frameByteCountMax,
        ])
    func wholeFrames(count: Int) throws {
        var random = SeededGenerator(UInt64(count))
        var frame = random.bytes(count)
        frame[0] &= 0xfe
        let packets = try Self.packets(of: frame)
        #expect(packets.allSatisfy { $0.payload.count <= FramePacketizer.payloadByteCountDefault })
        #expect(packets[0].payload.count >= min(count, 10) + 4)
        var assembler = FrameAssembler(codec: .vp8)
        var outputs: [FrameAssembler.Output] = []
        for (index, packet) in packets.enumerated() { outputs += assembler.receive(packet, sequence: UInt64(index)) }
        #expect(outputs == [.frame(.init(bytes: frame, timestamp: 1 << 32, isKeyFrame: true, firstSequence: 0))])
    }

    @Test("VP-2: the picture id counts 15 bits and wraps")
    func pictureIDs() throws {
        var packetizer = FramePacketizer(codec: .vp8, pictureID: 0x7fff)
        let ids = try (0..<2).map { _ in
            try VP8Descriptor.decode(try packetizer.payloads(of: [1])[0]).descriptor.pictureID
        }
        #expect(ids == [.long(0x7fff), .long(0)])
    }

    @Test("VP-2: empty and oversized frames are refused; an Opus frame must fit one packet")
    func refusals() {
        var video = FramePacketizer(codec: .vp8)
        #expect(throws: MediaError.badLength) { try video.payloads(of: []) }
        #expect(throws: MediaError.limitExceeded(limit: 1 << 20)) {
            try video.payloads(of: Array(repeating: 0, count: 1 << 20 + 1))
        }
        var sound = FramePacketizer(codec: .opus)
        #expect(throws: MediaError.badLength) { try sound.payloads(of: Array(repeating: 0, count: 1_101)) }
    }

    @Test("VP-3: after a gap nothing is released until a key frame")
    func gap() throws {
        var assembler = FrameAssembler(codec: .vp8)
        func feed(_ frame: [UInt8], at timestamp: UInt32) throws -> [FrameAssembler.Output] {
            try Self.packets(of: frame, timestamp: timestamp).flatMap { assembler.receive($0, sequence: 0) }
        }
        #expect(try feed([1, 0, 0], at: 0) == [.keyFrameNeeded])
        #expect(try feed([0, 0, 0], at: 3_000).count == 1)
        #expect(!assembler.isWaitingForKeyFrame)
        #expect(assembler.receiveGap() == [.keyFrameNeeded])
        #expect(try feed([1, 0, 0], at: 6_000) == [.keyFrameNeeded])
        #expect(try feed([0, 0, 0], at: 9_000).count == 1)
    }

    @Test("VP-3: a frame that loses its end or its start is not released")
    func torn() throws {
        var random = SeededGenerator(1)
        let frame = [0] + random.bytes(3_000)
        let packets = try Self.packets(of: frame)
        var assembler = FrameAssembler(codec: .vp8)
        #expect(packets.dropFirst().flatMap { assembler.receive($0, sequence: 0) }.allSatisfy { $0 == .keyFrameNeeded })
        #expect(packets.dropLast().flatMap { assembler.receive($0, sequence: 0) }.isEmpty)
        let next = try Self.packets(of: [0, 0, 0], timestamp: 3_000)
        let outputs = next.flatMap { assembler.receive($0, sequence: 0) }
        #expect(outputs.first == .keyFrameNeeded)
        #expect(outputs.count == 2)
    }

    @Test("VP-3: random payloads never crash the assembler and never grow a frame above the limit")
    func noise() {
        var random = SeededGenerator(3)
        var assembler = FrameAssembler(codec: .vp8)
        for index in 0..<20_000 {
            let packet = RTPPacket(
                marker: random.next() % 50 == 0, payloadType: 96, sequence: 0, timestamp: UInt32(random.next() % 2),
                source: 1, payload: random.bytes(Int(random.next() % 20)))
            for case .frame(let frame) in assembler.receive(packet, sequence: UInt64(index)) {
                #expect(frame.bytes.count <= FrameAssembler.frameByteCountMax)
            }
        }
    }

    @Test("OP-1: an Opus packet is a frame, silence included")
    func opus() {
        var assembler = FrameAssembler(codec: .opus)
        let packet = RTPPacket(marker: false, payloadType: 111, sequence: 9, timestamp: 5, source: 1, payload: [0xf8])
        #expect(
            assembler.receive(packet, sequence: 9)
                == [.frame(.init(bytes: [0xf8], timestamp: 1 << 32 + 5, isKeyFrame: true, firstSequence: 9))])
        #expect(OpusPacket.isSilence([0xf8]))
    }

    @Test(
        "OP-2: sample counts follow the table of RFC 6716",
        arguments: [
            ([0x00], 480), ([0x18], 2_880), ([0x1b, 0x02], 5_760), ([0xf8], 960), ([0xe0], 120), ([0xf9, 0], 1_920),
            ([], nil), ([0xfb], nil), ([0x1b, 0x03], nil), ([0xfb, 0x00], nil),
        ] as [([UInt8], Int?)])
    func samples(packet: [UInt8], count: Int?) {
        #expect(OpusPacket.sampleCount(of: packet) == count)
    }

    @Test("VP8 header: key frames tell their size, wrong start codes are refused")
    func header() throws {
        let key: [UInt8] = [0xb0, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01]
        let header = try VP8FrameHeader(decoding: key)
        #expect(header.width == 640)
        #expect(header.height == 360)
        #expect(header.isShown)
        for count in key.indices {
            #expect(throws: MediaError.truncated) { try VP8FrameHeader(decoding: Array(key[..<count])) }
        }
        #expect(throws: MediaError.badValue) {
            try VP8FrameHeader(decoding: Array(key[..<3]) + [0, 0, 0] + Array(key[6...]))
        }
        #expect(MediaCodec.vp8.clearByteCount(of: key + [0]) == 10)
        #expect(MediaCodec.vp8.clearByteCount(of: [1, 2, 3, 4]) == 3)
    }
}
