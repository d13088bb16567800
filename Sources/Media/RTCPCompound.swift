/// A datagram of RTCP: packets back to back, RFC 3550 section 6.1.
///
/// Reading is strict: version 2, lengths that add up, padding in the last packet only, a report first (unless the
/// session allows reduced-size RTCP, RFC 5506), no packet longer than its fields. A type that is not known is kept.
package enum RTCPCompound {
    /// Packets in one datagram.
    package static let packetCountMax = 32

    /// The packets of a datagram. With `allowsReducedSize` feedback may come without a report before it.
    package static func decode(_ input: [UInt8], allowsReducedSize: Bool) throws(MediaError) -> [RTCPPacket] {
        guard input.count <= RTPPacket.byteCountMax else {
            throw .limitExceeded(limit: UInt64(RTPPacket.byteCountMax))
        }
        guard !input.isEmpty else { throw .truncated }
        var cursor = ByteCursor(input)
        var packets: [RTCPPacket] = []
        while cursor.remaining > 0 {
            guard packets.count < packetCountMax else { throw .limitExceeded(limit: UInt64(packetCountMax)) }
            let first = try cursor.byte()
            guard first >> 6 == 2 else { throw .badVersion }
            let type = try cursor.byte()
            var body = try cursor.bytes(Int(try cursor.uint16()) * 4)
            if packets.isEmpty, !allowsReducedSize {
                guard type == RTCPPacket.PacketType.senderReport || type == RTCPPacket.PacketType.receiverReport else {
                    throw .badValue
                }
            }
            if first & 0x20 != 0 {
                guard cursor.remaining == 0, let padding = body.last, padding > 0, padding % 4 == 0,
                    Int(padding) <= body.count
                else { throw .badLength }
                body.removeLast(Int(padding))
            }
            packets.append(try packet(type: type, count: first & 0x1f, body))
        }
        return packets
    }

    private static func packet(type: UInt8, count: UInt8, _ body: [UInt8]) throws(MediaError) -> RTCPPacket {
        var cursor = ByteCursor(body)
        let packet: RTCPPacket
        switch (type, count) {
        case (RTCPPacket.PacketType.senderReport, _):
            let source = try cursor.uint32()
            let time = NTPTime(try cursor.number(byteCount: 8))
            let timestamp = try cursor.uint32()
            let packetCount = try cursor.uint32()
            let octetCount = try cursor.uint32()
            let blocks = try self.blocks(count, &cursor)
            packet = .senderReport(
                SenderReport(
                    source: source, time: time, timestamp: timestamp, packetCount: packetCount, octetCount: octetCount,
                    blocks: blocks))
        case (RTCPPacket.PacketType.receiverReport, _):
            packet = .receiverReport(source: try cursor.uint32(), blocks: try blocks(count, &cursor))
        case (RTCPPacket.PacketType.sourceDescription, _): packet = .sourceDescription(try names(count, &cursor))
        case (RTCPPacket.PacketType.goodbye, _):
            var sources: [UInt32] = []
            for _ in 0..<count { sources.append(try cursor.uint32()) }
            if cursor.remaining > 0 {
                let reason = Int(try cursor.byte())
                guard cursor.remaining >= reason, cursor.remaining - reason < 4 else { throw .badLength }
                _ = cursor.rest()
            }
            packet = .goodbye(sources: sources)
        case (RTCPPacket.PacketType.transportFeedback, 1):
            packet = .packetsMissing(
                source: try cursor.uint32(), media: try cursor.uint32(), sequences: try missing(&cursor))
        case (RTCPPacket.PacketType.payloadFeedback, 1):
            packet = .pictureLost(source: try cursor.uint32(), media: try cursor.uint32())
        default: packet = .other(type: type, count: count, body: cursor.rest())
        }
        guard cursor.remaining == 0 else { throw .badLength }
        return packet
    }

    private static func blocks(_ count: UInt8, _ cursor: inout ByteCursor) throws(MediaError) -> [ReportBlock] {
        var blocks: [ReportBlock] = []
        for _ in 0..<count {
            let source = try cursor.uint32()
            let losses = try cursor.uint32()
            blocks.append(
                ReportBlock(
                    source: source, fractionLost: UInt8(losses >> 24),
                    lostCount: Int32(bitPattern: losses << 8) >> 8, highestSequence: try cursor.uint32(),
                    jitter: try cursor.uint32(), lastReport: try cursor.uint32(), delay: try cursor.uint32()))
        }
        return blocks
    }

    private static func names(
        _ count: UInt8, _ cursor: inout ByteCursor
    ) throws(MediaError) -> [RTCPPacket.SourceName] {
        var names: [RTCPPacket.SourceName] = []
        for _ in 0..<count {
            let start = cursor.offset
            let source = try cursor.uint32()
            var name = ""
            while true {
                let item = try cursor.byte()
                if item == 0 { break }
                let text = try cursor.bytes(Int(try cursor.byte()))
                guard item == 1 else { continue }
                guard let valid = String(validating: text, as: UTF8.self) else { throw .badValue }
                name = valid
            }
            while (cursor.offset - start) % 4 != 0 { guard try cursor.byte() == 0 else { throw .badValue } }
            names.append(RTCPPacket.SourceName(source: source, name: name))
        }
        return names
    }

    private static func missing(_ cursor: inout ByteCursor) throws(MediaError) -> [UInt16] {
        var sequences: [UInt16] = []
        while cursor.remaining > 0 {
            guard sequences.count <= RTCPPacket.missingCountMax - 17 else {
                throw .limitExceeded(limit: UInt64(RTCPPacket.missingCountMax))
            }
            let first = try cursor.uint16()
            let following = try cursor.uint16()
            sequences.append(first)
            for bit in 0..<16 where following >> UInt16(bit) & 1 == 1 {
                sequences.append(first &+ UInt16(bit) &+ 1)
            }
        }
        return sequences
    }

    package static func encode(_ packets: [RTCPPacket]) -> [UInt8] {
        var output: [UInt8] = []
        for packet in packets {
            var body: [UInt8] = []
            let (type, count) = write(packet, into: &body)
            output.append(0x80 | count)
            output.append(type)
            output.appendBigEndian(UInt16(body.count / 4))
            output += body
        }
        return output
    }

    private static func write(_ packet: RTCPPacket, into body: inout [UInt8]) -> (type: UInt8, count: UInt8) {
        switch packet {
        case .senderReport(let report):
            body.appendBigEndian(report.source)
            body.appendBigEndian(report.time.rawValue)
            for value in [report.timestamp, report.packetCount, report.octetCount] { body.appendBigEndian(value) }
            return (RTCPPacket.PacketType.senderReport, write(report.blocks, into: &body))
        case .receiverReport(let source, let blocks):
            body.appendBigEndian(source)
            return (RTCPPacket.PacketType.receiverReport, write(blocks, into: &body))
        case .sourceDescription(let names):
            for entry in names.prefix(RTCPPacket.countMax) {
                body.appendBigEndian(entry.source)
                let text = Array(entry.name.utf8.prefix(255))
                body += [1, UInt8(text.count)] + text + [0]
                while body.count % 4 != 0 { body.append(0) }
            }
            return (RTCPPacket.PacketType.sourceDescription, UInt8(min(names.count, RTCPPacket.countMax)))
        case .goodbye(let sources):
            for source in sources.prefix(RTCPPacket.countMax) { body.appendBigEndian(source) }
            return (RTCPPacket.PacketType.goodbye, UInt8(min(sources.count, RTCPPacket.countMax)))
        case .packetsMissing(let source, let media, let sequences):
            body.appendBigEndian(source)
            body.appendBigEndian(media)
            write(missing: sequences, into: &body)
            return (RTCPPacket.PacketType.transportFeedback, 1)
        case .pictureLost(let source, let media):
            body.appendBigEndian(source)
            body.appendBigEndian(media)
            return (RTCPPacket.PacketType.payloadFeedback, 1)
        case .other(let type, let count, let content):
            body += content
            while body.count % 4 != 0 { body.append(0) }
            return (type, count & 0x1f)
        }
    }

    private static func write(_ blocks: [ReportBlock], into body: inout [UInt8]) -> UInt8 {
        for block in blocks.prefix(RTCPPacket.countMax) {
            body.appendBigEndian(block.source)
            body.appendBigEndian(UInt32(block.fractionLost) << 24 | UInt32(bitPattern: block.lostCount) & 0xff_ffff)
            for value in [block.highestSequence, block.jitter, block.lastReport, block.delay] {
                body.appendBigEndian(value)
            }
        }
        return UInt8(min(blocks.count, RTCPPacket.countMax))
    }

    /// Packs ascending sequences (modulo 2^16) into pairs of a first number and a mask of the 16 after it.
    private static func write(missing sequences: [UInt16], into body: inout [UInt8]) {
        var rest = sequences.prefix(RTCPPacket.missingCountMax)
        while let first = rest.popFirst() {
            var mask: UInt16 = 0
            while let next = rest.first, (1...16).contains(next &- first) {
                mask |= 1 << (next &- first &- 1)
                rest.removeFirst()
            }
            body.appendBigEndian(first)
            body.appendBigEndian(mask)
        }
    }
}
