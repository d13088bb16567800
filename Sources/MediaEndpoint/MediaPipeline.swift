internal import Crypto
package import EventLoop
package import Media
package import Primitives

/// What goes over a ``MediaTransport``: one picture and one sound out, several in, each frame encrypted end to end.
///
/// It lives on the transport's loop, so a packet becomes a frame without a hop. All that decides (order, loss,
/// requests, reports) is in the `Media` core; this actor feeds it packets and the time, and does what it says.
package actor MediaPipeline {
    package nonisolated let loop: GLibLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    /// RTP payload types; a browser learns them from its description.
    package static let videoPayloadType: UInt8 = 96
    package static let audioPayloadType: UInt8 = 111
    /// Signed leaf lists: hashes only, so they are not encrypted a second time.
    package static let proofPayloadType: UInt8 = 112
    /// Sources that may send to us. What comes from a further one is dropped.
    package static let sourceCountMax = 16
    private static let tickInterval: Duration = .milliseconds(20)
    /// Between two reports, in microseconds.
    private static let reportInterval: UInt64 = 1_000_000

    let transport: MediaTransport
    let onEvent: @Sendable (PipelineEvent) -> Void
    private var senders: [MediaCodec: TrackSender] = [:]
    private var sealers: [MediaCodec: FrameSealer] = [:]
    private var keyIDs: [MediaCodec: MediaKeyID] = [:]
    private var lastSent: [MediaCodec: (ticks: UInt64, at: MediaInstant)] = [:]
    private var receivers: [UInt32: TrackReceiver] = [:]
    private let opener = FrameOpener()
    private let name: String
    private var timer: GLibTimer?
    private var nextReport = MediaInstant(microseconds: 0)
    var proofs: FrameProofs?
    var proofSending: ProofSending
    private var gate: FrameGate?
    package private(set) var statistics = PipelineStatistics()

    package init(transport: MediaTransport, onEvent: @escaping @Sendable (PipelineEvent) -> Void) {
        self.transport = transport
        self.onEvent = onEvent
        loop = transport.loop
        var random = SecureRandom()
        name = RTCPPacket.randomName(using: &random)
        proofSending = ProofSending(using: &random)
        senders[.vp8] = TrackSender(codec: .vp8, payloadType: Self.videoPayloadType, using: &random)
        senders[.opus] = TrackSender(codec: .opus, payloadType: Self.audioPayloadType, using: &random)
    }

    /// What to give to `MediaTransport.start`, so that its packets come here.
    package nonisolated func handlers(
        onEvent: @escaping @Sendable (TransportEvent) -> Void
    ) -> TransportHandlers {
        TransportHandlers(
            onEvent: onEvent,
            onRTP: { [weak self] packet in self?.assumeIsolated { $0.receive(rtp: packet) } },
            onRTCP: { [weak self] packet in self?.assumeIsolated { $0.receive(rtcp: packet) } })
    }

    // MARK: Entry points

    /// Begins reports and requests; call it when the transport is secured.
    package func start() {
        timer = loop.timer(after: Self.tickInterval, repeats: true) { [weak self] in
            self?.assumeIsolated { $0.tick() }
        }
    }

    /// Stops reports and requests, and says goodbye. The transport stays open.
    package func stop() {
        guard timer != nil else { return }
        flushProofs()
        timer = nil
        let sources = senders.values.map(\.source).sorted()
        transmit(rtcp: [.receiverReport(source: sources[0], blocks: []), .goodbye(sources: sources)])
    }

    /// The SSRC of one of our tracks.
    package func source(of codec: MediaCodec) -> UInt32? { senders[codec]?.source }

    /// Encrypts a track's frames under this key from now on.
    ///
    /// A counter belongs to a key id and starts at zero here, so no id may come twice: ids of one codec rise, keep
    /// their track, and the codecs have different tracks.
    ///
    /// - Throws: `.keyIDReused`, `.badKey`.
    package func setSendingKey(_ codec: MediaCodec, keyID: MediaKeyID, baseKey: [UInt8]) throws(PipelineError) {
        for (other, used) in keyIDs {
            let isFresh = other == codec ? keyID > used && keyID.track == used.track : keyID.track != used.track
            guard isFresh else { throw .keyIDReused }
        }
        keyIDs[codec] = keyID
        sealers[codec] = try FrameSealer(codec: codec, keyID: keyID, baseKey: baseKey)
    }

    /// Opens received frames under this key from now on.
    package func addReceivingKey(_ keyID: MediaKeyID, baseKey: [UInt8]) throws(PipelineError) {
        try opener.add(keyID: keyID, baseKey: baseKey)
    }

    /// Is asked for the base key of received frames whose key id was not added: many follow from one secret.
    package func setKeyFinder(_ finder: (@Sendable (MediaKeyID) -> [UInt8]?)?) { opener.finder = finder }

    /// Frames under this key no longer open.
    package func removeReceivingKey(_ keyID: MediaKeyID) { opener.remove(keyID: keyID) }

    /// Is asked before each frame is encrypted; it may give the track another key.
    package typealias FrameGate =
        @Sendable (isolated MediaPipeline, _ codec: MediaCodec, _ isKeyFrame: Bool, _ microseconds: UInt64) -> Void

    /// Sets who is asked before each frame, or nobody.
    package func setGate(_ gate: FrameGate?) { self.gate = gate }

    /// Encrypts, cuts and sends one frame.
    ///
    /// - Parameter microseconds: media time since any start, the same for all tracks.
    /// - Returns: the frame as it travels, for the sender's own record.
    @discardableResult
    package func send(
        _ frame: [UInt8], codec: MediaCodec, microseconds: UInt64
    ) throws(PipelineError) -> [UInt8] {
        let isKeyFrame = codec != .vp8 || VP8FrameHeader.isKeyFrame(frame)
        gate?(self, codec, isKeyFrame, microseconds)
        guard let sealer = sealers[codec], let keyID = keyIDs[codec] else { throw .noKey }
        let sealed = try sealer.seal(frame)
        let ticks = Self.ticks(microseconds, codec)
        let now = Self.now
        lastSent[codec] = (ticks, now)
        let packets: [RTPPacket]
        do { packets = try senders[codec]?.send(sealed, ticks: ticks, at: now) ?? [] } catch { throw .media(error) }
        for packet in packets {
            let bytes = packet.encoded
            _ = transport.assumeIsolated { $0.send(rtp: bytes, keepsForRepeat: codec == .vp8) }
        }
        statistics.sentFrameCount += 1
        note(
            SentFrame(
                codec: codec, keyID: keyID, timestamp: ticks + UInt64(senders[codec]?.wireTimestamp(0) ?? 0),
                microseconds: microseconds, isKeyFrame: isKeyFrame,
                clearByteCount: UInt8(codec.clearByteCount(of: frame)), sealed: sealed))
        return sealed
    }

    /// Plays a WebM file in real time, by its own timestamps; ends with the file or with the task.
    ///
    /// - Parameter next: gives the file chunk by chunk, nil at its end.
    package func play(
        _ next: @Sendable () async throws(PipelineError) -> [UInt8]?
    ) async throws(PipelineError) {
        var reader = WebMReader()
        var codecs: [UInt64: MediaCodec] = [:]
        let start = SystemTime.monotonic
        while let chunk = try await next() {
            let events: [WebMReader.Event]
            do { events = try reader.receive(chunk) } catch { throw .media(error) }
            for event in events {
                switch event {
                case .tracks(let tracks): for track in tracks { codecs[track.number] = track.codec }
                case .duration: break
                case .frame(let frame):
                    guard let codec = codecs[frame.track] else { continue }
                    let time = UInt64(max(0, frame.timestamp))
                    let delay = start + .microseconds(Int64(time)) - SystemTime.monotonic
                    // A cancelled sleep ends the playing, and that is no failure.
                    if delay > .zero { do { try await Task.sleep(for: delay) } catch { return } }
                    if Task.isCancelled { return }
                    try send(frame.bytes, codec: codec, microseconds: time)
                }
            }
        }
    }

    // MARK: What comes in

    private func receive(rtp bytes: Span<UInt8>) {
        let decoded = try? RTPPacket(decoding: bytes.indices.map { bytes[$0] })
        if let decoded, decoded.payloadType == Self.proofPayloadType { return receive(proof: decoded) }
        guard let packet = decoded, let codec = Self.codec(of: packet.payloadType) else {
            statistics.refusedPacketCount += 1
            return
        }
        if receivers[packet.source] == nil {
            guard receivers.count < Self.sourceCountMax else {
                statistics.refusedPacketCount += 1
                return
            }
            receivers[packet.source] = TrackReceiver(codec: codec, source: packet.source)
        }
        guard receivers[packet.source]?.codec == codec else {
            statistics.refusedPacketCount += 1
            return
        }
        let actions = receivers[packet.source]?.receive(packet, at: Self.now) ?? []
        perform(actions, codec: codec, source: packet.source)
    }

    private func receive(rtcp bytes: Span<UInt8>) {
        guard let packets = try? RTCPCompound.decode(bytes.indices.map { bytes[$0] }, allowsReducedSize: true) else {
            statistics.refusedPacketCount += 1
            return
        }
        let time = Self.networkTime
        for packet in packets {
            switch packet {
            case .senderReport(let report): receivers[report.source]?.receive(report, at: Self.now)
            case .goodbye(let sources): for source in sources { receivers[source] = nil }
            case .receiverReport, .sourceDescription, .packetsMissing, .pictureLost, .other: break
            }
            for codec in MediaCodec.allCases {
                for action in senders[codec]?.receive(packet, at: Self.now, time: time) ?? [] {
                    perform(action, codec: codec)
                }
            }
        }
    }

    private func perform(_ action: TrackSender.Action, codec: MediaCodec) {
        switch action {
        case .resend(let packets):
            // The ciphertext that was sent, not the packet: a number protects one packet.
            for packet in packets {
                let (source, sequence) = (packet.source, packet.sequence)
                if transport.assumeIsolated({ $0.sendAgain(source: source, sequence: sequence) }) {
                    statistics.resentPacketCount += 1
                }
            }
        case .makeKeyFrame: onEvent(.keyFrameRequested)
        case .measured(let roundTrip, let fractionLost):
            for source in receivers.keys { receivers[source]?.noteRoundTrip(roundTrip) }
            onEvent(.measured(codec: codec, roundTrip: roundTrip, fractionLost: fractionLost))
        }
    }

    private func perform(_ actions: [TrackReceiver.Action], codec: MediaCodec, source: UInt32) {
        guard let ours = senders[.opus]?.source else { return }
        for action in actions {
            switch action {
            case .frame(let frame): receive(frame, codec: codec, source: source)
            case .requestPackets(let sequences):
                statistics.requestedPacketCount += sequences.count
                transmit(rtcp: [
                    .receiverReport(source: ours, blocks: []),
                    .packetsMissing(source: ours, media: source, sequences: sequences),
                ])
            case .requestKeyFrame:
                statistics.requestedKeyFrameCount += 1
                transmit(rtcp: [
                    .receiverReport(source: ours, blocks: []), .pictureLost(source: ours, media: source),
                ])
            }
        }
    }

    private func receive(_ frame: FrameAssembler.Frame, codec: MediaCodec, source: UInt32) {
        var plain: [UInt8]?
        do throws(PipelineError) { plain = try opener.open(frame.bytes, codec: codec) } catch {
            guard error == .unknownKey else {
                statistics.refusedFrameCount += 1
                return
            }
            statistics.unknownKeyFrameCount += 1
        }
        statistics.receivedFrameCount += 1
        if plain != nil { proofs?.received(frame.bytes, codec: codec, timestamp: frame.timestamp) }
        onEvent(
            .frame(
                ReceivedFrame(
                    codec: codec, source: source, timestamp: frame.timestamp, isKeyFrame: frame.isKeyFrame,
                    sealed: frame.bytes, plain: plain, arrival: Self.now)))
    }

    // MARK: Time

    private func tick() {
        let now = Self.now
        for source in receivers.keys.sorted() {
            guard let codec = receivers[source]?.codec else { continue }
            perform(receivers[source]?.advance(to: now) ?? [], codec: codec, source: source)
        }
        guard now >= nextReport else { return }
        nextReport = now.adding(microseconds: Self.reportInterval)
        flushProofs()
        report(at: now)
    }

    /// One compound packet: a report of each track that has sent, the blocks in the first, and our name.
    private func report(at now: MediaInstant) {
        guard let ours = senders[.opus]?.source else { return }
        var blocks: [ReportBlock] = []
        for source in receivers.keys.sorted() {
            if let block = receivers[source]?.report(at: now) { blocks.append(block) }
        }
        var packets: [RTCPPacket] = []
        for codec in MediaCodec.allCases {
            guard let last = lastSent[codec], let sender = senders[codec] else { continue }
            let ticks = last.ticks + Self.ticks(now.microseconds(since: last.at), codec)
            packets.append(.senderReport(sender.report(time: Self.networkTime, ticks: ticks, blocks: blocks)))
            blocks = []
        }
        if packets.isEmpty { packets = [.receiverReport(source: ours, blocks: blocks)] }
        packets.append(.sourceDescription([RTCPPacket.SourceName(source: ours, name: name)]))
        transmit(rtcp: packets)
    }

    private func transmit(rtcp packets: [RTCPPacket]) {
        let bytes = RTCPCompound.encode(packets)
        _ = transport.assumeIsolated { $0.send(rtcp: bytes) }
    }

    private static func codec(of payloadType: UInt8) -> MediaCodec? {
        switch payloadType {
        case videoPayloadType: .vp8
        case audioPayloadType: .opus
        default: nil
        }
    }

    /// Microseconds in units of the codec's clock, without overflow.
    private static func ticks(_ microseconds: UInt64, _ codec: MediaCodec) -> UInt64 {
        let rate = UInt64(codec.clockRate)
        return microseconds / 1_000_000 * rate + microseconds % 1_000_000 * rate / 1_000_000
    }

    private static var now: MediaInstant {
        let (seconds, attoseconds) = SystemTime.monotonic.components
        return MediaInstant(microseconds: UInt64(seconds) * 1_000_000 + UInt64(attoseconds / 1_000_000_000_000))
    }

    private static var networkTime: NTPTime { NTPTime(unixMicroseconds: SystemTime.utc.rawValue * 1_000) }
}
