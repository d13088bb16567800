/// The receiving end of one track: packets in, whole frames and requests out.
///
/// Sound waits a little for what is late and asks for nothing; picture asks for missing packets, and for a key frame
/// when they do not come.
package struct TrackReceiver: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
        case frame(FrameAssembler.Frame)
        /// Send a NACK for these.
        case requestPackets([UInt16])
        /// Send a PLI.
        case requestKeyFrame
    }

    package let codec: MediaCodec
    package private(set) var statistics: ReceiverStatistics
    package private(set) var timeline: SenderTimeline
    private var reorder: ReorderBuffer
    private var assembler: FrameAssembler
    private var losses = LossTracker()
    private var keyFrames = KeyFrameRequester()

    /// - Parameters:
    ///   - codec: of the track.
    ///   - source: its SSRC.
    ///   - holdMicroseconds: how long to wait for a missing packet; 400 ms for picture and 60 ms for sound when nothing
    ///     is said.
    package init(codec: MediaCodec, source: UInt32, holdMicroseconds: UInt64? = nil) {
        self.codec = codec
        statistics = ReceiverStatistics(source: source, clockRate: codec.clockRate)
        timeline = SenderTimeline(clockRate: codec.clockRate)
        reorder = ReorderBuffer(limits: .init(holdMicroseconds: holdMicroseconds ?? (codec == .vp8 ? 400_000 : 60_000)))
        assembler = FrameAssembler(codec: codec)
    }

    /// When `advance` has something to do.
    package var deadline: MediaInstant? {
        [reorder.deadline, losses.deadline, keyFrames.deadline].compactMap { $0 }.min()
    }

    /// Takes a packet of this source.
    package mutating func receive(_ packet: RTPPacket, at now: MediaInstant) -> [Action] {
        statistics.receive(packet, at: now)
        var actions: [Action] = []
        if codec == .vp8 { actions += perform(losses.receive(packet.sequence, at: now), at: now) }
        return actions + release(reorder.receive(packet, mayStart: mayStart(packet), at: now), at: now)
    }

    /// A picture track begins with the first packet of a frame, a sound track anywhere.
    private func mayStart(_ packet: RTPPacket) -> Bool {
        guard codec == .vp8 else { return true }
        return (try? VP8Descriptor.decode(packet.payload).descriptor.startsFrame) ?? false
    }

    /// Takes the source's own report.
    package mutating func receive(_ report: SenderReport, at now: MediaInstant) {
        statistics.receive(report, at: now)
        timeline.receive(report)
    }

    /// Notes a measured round trip, in microseconds.
    package mutating func noteRoundTrip(_ microseconds: UInt64) { losses.roundTrip = min(microseconds, 2_000_000) }

    package mutating func advance(to now: MediaInstant) -> [Action] {
        var actions = perform(losses.advance(to: now), at: now)
        actions += release(reorder.advance(to: now), at: now)
        if keyFrames.advance(to: now) { actions.append(.requestKeyFrame) }
        return actions
    }

    /// The block for the next report.
    package mutating func report(at now: MediaInstant) -> ReportBlock? { statistics.report(at: now) }

    private mutating func perform(_ actions: [LossTracker.Action], at now: MediaInstant) -> [Action] {
        actions.compactMap { action in
            switch action {
            case .request(let sequences): .requestPackets(sequences)
            case .giveUp: keyFrames.need(at: now) ? .requestKeyFrame : nil
            }
        }
    }

    private mutating func release(_ outputs: [ReorderBuffer.Output], at now: MediaInstant) -> [Action] {
        var actions: [Action] = []
        for output in outputs {
            let assembled: [FrameAssembler.Output]
            switch output {
            case .packet(let packet, let sequence): assembled = assembler.receive(packet, sequence: sequence)
            case .gap: assembled = assembler.receiveGap()
            }
            for item in assembled {
                switch item {
                case .frame(let frame):
                    if frame.isKeyFrame, codec == .vp8 {
                        keyFrames.keyFrameArrived()
                        losses.forget(before: UInt16(truncatingIfNeeded: frame.firstSequence))
                    }
                    actions.append(.frame(frame))
                case .keyFrameNeeded: if keyFrames.need(at: now) { actions.append(.requestKeyFrame) }
                case .malformed: break
                }
            }
        }
        return actions
    }
}
