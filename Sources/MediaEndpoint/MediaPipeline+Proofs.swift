internal import EventLoop
internal import Media
internal import Recording
internal import Wire

/// The stream that carries our signed lists: a source and numbers of its own.
struct ProofSending {
    let source: UInt32
    private var sequence: UInt16
    private var number: UInt16 = 0
    private var previous: (fragments: [[UInt8]], timestamp: UInt32)?

    init(using random: inout some RandomNumberGenerator) {
        source = random.next()
        sequence = random.next()
    }

    /// The packets of this list, after those of the one before it once more.
    mutating func packets(of list: [UInt8], timestamp: UInt32) -> [RTPPacket] {
        let again = previous.map { packets($0.fragments, $0.timestamp) } ?? []
        let fragments = ProofFragments.cut(list, number: number)
        number &+= 1
        previous = (fragments, timestamp)
        return again + packets(fragments, timestamp)
    }

    /// The last list once more.
    mutating func repetition() -> [RTPPacket] {
        let last = previous
        previous = nil
        return last.map { packets($0.fragments, $0.timestamp) } ?? []
    }

    private mutating func packets(_ fragments: [[UInt8]], _ timestamp: UInt32) -> [RTPPacket] {
        fragments.enumerated().map { index, fragment in
            defer { sequence &+= 1 }
            return RTPPacket(
                marker: index == fragments.count - 1, payloadType: MediaPipeline.proofPayloadType, sequence: sequence,
                timestamp: timestamp, source: source, payload: fragment)
        }
    }
}

/// Frame proofs on their way through the pipeline.
extension MediaPipeline {
    /// Signs what is sent from now on, and matches what is received with the other side's lists.
    package func startProofs(_ settings: ProofSettings) { proofs = FrameProofs(settings) }

    package var proofCounts: ProofCounts { proofs?.counts ?? ProofCounts() }

    /// Sends lists of all frames that no list names yet; once a second, and before the call ends.
    package func flushProofs() {
        for list in proofs?.flush() ?? [] { transmit(list) }
        for packet in proofSending.repetition() { transmit(packet) }
    }

    func note(_ frame: SentFrame) {
        if let list = proofs?.sent(frame, at: SystemTime.utc) { transmit(list) }
        onEvent(.sent(frame))
    }

    func receive(proof packet: RTPPacket) { _ = proofs?.received(fragment: packet.payload) }

    private func transmit(_ list: SignedLeafList) {
        let packets = proofSending.packets(of: list.encoded, timestamp: list.list.timestamp)
        for packet in packets { transmit(packet) }
        onEvent(.signed(list))
    }

    private func transmit(_ packet: RTPPacket) {
        let bytes = packet.encoded
        _ = transport.assumeIsolated { $0.send(rtp: bytes) }
    }
}
