/// One RTCP packet: RFC 3550 section 6, feedback of RFC 4585.
package enum RTCPPacket: Equatable, Sendable {
    case senderReport(SenderReport)
    case receiverReport(source: UInt32, blocks: [ReportBlock])
    /// Canonical names by source; other items are read over and not written.
    case sourceDescription([SourceName])
    case goodbye(sources: [UInt32])
    /// Generic NACK: `media` is asked to send these again.
    case packetsMissing(source: UInt32, media: UInt32, sequences: [UInt16])
    /// PLI: `media` is asked for a key frame.
    case pictureLost(source: UInt32, media: UInt32)
    /// Of another type; `count` is the five bits beside the version, `body` what follows the length.
    case other(type: UInt8, count: UInt8, body: [UInt8])

    package struct SourceName: Equatable, Sendable {
        package let source: UInt32
        /// CNAME, at most 255 bytes.
        package let name: String

        package init(source: UInt32, name: String) {
            self.source = source
            self.name = name
        }
    }

    enum PacketType {
        static let senderReport: UInt8 = 200
        static let receiverReport: UInt8 = 201
        static let sourceDescription: UInt8 = 202
        static let goodbye: UInt8 = 203
        static let transportFeedback: UInt8 = 205
        static let payloadFeedback: UInt8 = 206
    }

    /// Report blocks in one packet, sources in one goodbye: the five-bit count.
    package static let countMax = 31
    /// Sequence numbers that one NACK may name.
    package static let missingCountMax = 17 * 128

    /// A canonical name that says nothing: 16 random lower-case letters (RFC 7022 section 4.2 asks for 96 bits and
    /// allows less; a call is told apart by its keys, not by this).
    package static func randomName(using random: inout some RandomNumberGenerator) -> String {
        var letters: [UInt8] = []
        for _ in 0..<16 { letters.append(0x61 + UInt8(random.next() % 26)) }
        return String(decoding: letters, as: UTF8.self)
    }

    /// Whether bytes on a port shared with RTP are RTCP: 192 through 223 in the second byte, RFC 5761 section 4.
    package static func isRTCP(_ datagram: [UInt8]) -> Bool {
        datagram.count >= 2 && datagram[0] >> 6 == 2 && (192...223).contains(datagram[1])
    }
}

/// What a sender says of itself: RFC 3550 section 6.4.1.
package struct SenderReport: Equatable, Sendable {
    package let source: UInt32
    /// NTP time of the report.
    package let time: NTPTime
    /// The same moment on the RTP clock.
    package let timestamp: UInt32
    package let packetCount: UInt32
    package let octetCount: UInt32
    package let blocks: [ReportBlock]

    package init(
        source: UInt32, time: NTPTime, timestamp: UInt32, packetCount: UInt32, octetCount: UInt32, blocks: [ReportBlock]
    ) {
        self.source = source
        self.time = time
        self.timestamp = timestamp
        self.packetCount = packetCount
        self.octetCount = octetCount
        self.blocks = blocks
    }
}

/// What a receiver says of one source: RFC 3550 section 6.4.1.
package struct ReportBlock: Equatable, Sendable {
    package let source: UInt32
    /// Of 256, since the last report.
    package let fractionLost: UInt8
    /// 24 bits, with sign.
    package let lostCount: Int32
    /// Cycles, then the highest sequence received.
    package let highestSequence: UInt32
    /// In units of the RTP clock.
    package let jitter: UInt32
    /// Middle 32 bits of the last sender report's NTP time; 0 for none.
    package let lastReport: UInt32
    /// Since then, in units of 1/65536 s.
    package let delay: UInt32

    package init(
        source: UInt32, fractionLost: UInt8, lostCount: Int32, highestSequence: UInt32, jitter: UInt32,
        lastReport: UInt32, delay: UInt32
    ) {
        self.source = source
        self.fractionLost = fractionLost
        self.lostCount = lostCount
        self.highestSequence = highestSequence
        self.jitter = jitter
        self.lastReport = lastReport
        self.delay = delay
    }

    /// Microseconds from here to the receiver and back, for a report that came at `now`; nil when it answers no sender
    /// report. RFC 3550 section 6.4.1.
    package func roundTrip(at now: NTPTime) -> UInt64? {
        guard lastReport != 0 else { return nil }
        let elapsed = now.middle &- lastReport &- delay
        // A negative result is clock granularity.
        return elapsed < 1 << 31 ? (UInt64(elapsed) * 1_000_000) >> 16 : 0
    }
}

/// Seconds since 1900 in 32.32 fixed point.
package struct NTPTime: Hashable, Sendable {
    /// Seconds from 1900 to 1970.
    private static let unixOffset: UInt64 = 2_208_988_800

    package let rawValue: UInt64

    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// - Parameter unixMicroseconds: microseconds since 1970.
    package init(unixMicroseconds: UInt64) {
        let (seconds, rest) = unixMicroseconds.quotientAndRemainder(dividingBy: 1_000_000)
        rawValue = (seconds &+ Self.unixOffset) << 32 | (rest << 32) / 1_000_000
    }

    /// The 32 bits that reports quote.
    package var middle: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 16) }

    /// Microseconds since 1900.
    package var microseconds: UInt64 {
        (rawValue >> 32) * 1_000_000 + ((rawValue & 0xffff_ffff) * 1_000_000) >> 32
    }
}
