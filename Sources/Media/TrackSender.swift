/// The sending end of one track: encrypted frames in, packets out; answers what the receivers report.
package struct TrackSender: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
        /// Send these packets again, as they are.
        case resend([RTPPacket])
        /// The encoder must make a key frame.
        case makeKeyFrame
        /// Microseconds there and back, and the loss of the last interval in 1/256.
        case measured(roundTrip: UInt64, fractionLost: UInt8)
    }

    package let codec: MediaCodec
    package let payloadType: UInt8
    /// SSRC, random.
    package let source: UInt32
    private var packetizer: FramePacketizer
    private var store: RetransmissionStore
    private var nextSequence: UInt16
    private let timestampOffset: UInt32
    private var lastTimestamp: UInt32?
    package private(set) var packetCount: UInt32 = 0
    package private(set) var octetCount: UInt32 = 0

    package init(
        codec: MediaCodec, payloadType: UInt8, payloadByteCountMax: Int = FramePacketizer.payloadByteCountDefault,
        storeLimits: RetransmissionStore.Limits = .init(), using random: inout some RandomNumberGenerator
    ) {
        self.codec = codec
        self.payloadType = payloadType
        source = random.next()
        nextSequence = random.next()
        timestampOffset = random.next()
        packetizer = FramePacketizer(codec: codec, payloadByteCountMax: payloadByteCountMax, pictureID: random.next())
        store = RetransmissionStore(limits: storeLimits)
    }

    /// The timestamp on the wire of media time `ticks`: what a frame's leaf is hashed over.
    package func wireTimestamp(_ ticks: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: ticks) &+ timestampOffset }

    /// The packets of one frame, in order. `ticks` is the frame's time in units of the codec's clock, from any start.
    package mutating func send(
        _ frame: [UInt8], ticks: UInt64, at now: MediaInstant
    ) throws(MediaError) -> [RTPPacket] {
        let payloads = try packetizer.payloads(of: frame)
        let timestamp = wireTimestamp(ticks)
        var packets: [RTPPacket] = []
        packets.reserveCapacity(payloads.count)
        for (index, payload) in payloads.enumerated() {
            let marker = codec == .vp8 ? index == payloads.count - 1 : beginsTalk(timestamp)
            let packet = RTPPacket(
                marker: marker, payloadType: payloadType, sequence: nextSequence, timestamp: timestamp, source: source,
                payload: payload)
            nextSequence &+= 1
            packetCount &+= 1
            octetCount &+= UInt32(payload.count)
            if codec == .vp8 { store.keep(packet, at: now) }
            packets.append(packet)
        }
        lastTimestamp = timestamp
        return packets
    }

    /// True after a pause of more than the longest Opus packet.
    private func beginsTalk(_ timestamp: UInt32) -> Bool {
        guard let lastTimestamp else { return true }
        return timestamp &- lastTimestamp > UInt32(OpusPacket.sampleCountMax)
    }

    /// Takes what came by RTCP. Feedback for other sources is passed over.
    package mutating func receive(_ packet: RTCPPacket, at now: MediaInstant, time: NTPTime) -> [Action] {
        switch packet {
        case .packetsMissing(_, let media, let sequences) where media == source:
            let packets = store.take(sequences, at: now)
            return packets.isEmpty ? [] : [.resend(packets)]
        case .pictureLost(_, let media) where media == source: return [.makeKeyFrame]
        case .senderReport(let report): return measure(report.blocks, time)
        case .receiverReport(_, let blocks): return measure(blocks, time)
        case .packetsMissing, .pictureLost, .sourceDescription, .goodbye, .other: return []
        }
    }

    private func measure(_ blocks: [ReportBlock], _ time: NTPTime) -> [Action] {
        guard let block = blocks.first(where: { $0.source == source }), let roundTrip = block.roundTrip(at: time) else {
            return []
        }
        return [.measured(roundTrip: roundTrip, fractionLost: block.fractionLost)]
    }

    /// The report for `time`, which is media time `ticks`.
    package func report(time: NTPTime, ticks: UInt64, blocks: [ReportBlock] = []) -> SenderReport {
        SenderReport(
            source: source, time: time, timestamp: wireTimestamp(ticks), packetCount: packetCount,
            octetCount: octetCount, blocks: blocks)
    }
}
