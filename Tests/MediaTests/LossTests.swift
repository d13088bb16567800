import Media
import Testing

private func at(_ milliseconds: UInt64) -> MediaInstant { MediaInstant(microseconds: milliseconds * 1_000) }

@Suite struct LossTests {
    @Test("NA-1: packets in order, late or repeated are never asked for")
    func quiet() {
        var tracker = LossTracker()
        for sequence in [65_534, 65_535, 0, 1, 1, 0] as [UInt16] { #expect(tracker.receive(sequence, at: at(0)) == []) }
        #expect(tracker.deadline == nil)
        #expect(tracker.advance(to: at(1_000)) == [])
    }

    @Test("NA-2, NA-3: a missing packet is asked for after the reordering time, each round trip, a few times")
    func retries() {
        var tracker = LossTracker(limits: .init(requestCountMax: 2))
        tracker.roundTrip = 50_000
        _ = tracker.receive(65_535, at: at(0))
        _ = tracker.receive(3, at: at(0))
        #expect(tracker.deadline == at(5))
        #expect(tracker.advance(to: at(4)) == [])
        #expect(tracker.receive(1, at: at(4)) == [])
        #expect(tracker.advance(to: at(5)) == [.request([0, 2])])
        #expect(tracker.advance(to: at(54)) == [])
        _ = tracker.receive(2, at: at(54))
        #expect(tracker.advance(to: at(55)) == [.request([0])])
        #expect(tracker.advance(to: at(105)) == [.giveUp])
        #expect(tracker.deadline == nil)
    }

    @Test("NA-4: too many missing packets are given up at once")
    func flood() {
        var tracker = LossTracker(limits: .init(missingCountMax: 100))
        _ = tracker.receive(0, at: at(0))
        #expect(tracker.receive(101, at: at(0)) == [])
        #expect(tracker.missingCount == 100)
        #expect(tracker.receive(103, at: at(0)) == [.giveUp])
        #expect(tracker.missingCount == 0)
    }

    @Test("NA-5: a sender that restarts elsewhere is followed")
    func restart() {
        var tracker = LossTracker()
        _ = tracker.receive(20_000, at: at(0))
        #expect(tracker.receive(100, at: at(0)) == [.giveUp])
        _ = tracker.receive(102, at: at(0))
        #expect(tracker.advance(to: at(10)) == [.request([101])])
    }

    @Test("PL-1, PL-2, PL-3: key frames are asked for at once, then at growing distances, never in a flood")
    func keyFrames() {
        var requester = KeyFrameRequester()
        let first = [requester.need(at: at(0)), requester.need(at: at(100))]
        #expect(first == [true, false])
        #expect(requester.deadline == at(200))
        let times: [UInt64] = [200, 599, 600, 1_400, 2_399, 2_400]
        #expect(times.map { requester.advance(to: at($0)) } == [true, false, true, true, false, true])
        requester.keyFrameArrived()
        #expect(requester.deadline == nil)
        let early = requester.need(at: at(2_500))
        #expect(!early)
        #expect(requester.deadline == at(2_600))
    }

    private func packet(_ sequence: UInt16, bytes: Int = 10) -> RTPPacket {
        RTPPacket(
            marker: false, payloadType: 96, sequence: sequence, timestamp: 0, source: 1,
            payload: Array(repeating: 0, count: bytes))
    }

    @Test("ST-1: the store keeps no more packets, bytes and age than it may")
    func storeBounds() {
        var store = RetransmissionStore(limits: .init(packetCountMax: 3, byteCountMax: 25, ageMax: 1_000_000))
        for sequence in 0..<5 { store.keep(packet(UInt16(sequence)), at: at(0)) }
        #expect(store.packetCount == 2)
        #expect(store.byteCount == 20)
        #expect(store.take([2, 3, 4], at: at(0)).map(\.sequence) == [3, 4])
        store.keep(packet(5), at: at(1_001))
        #expect(store.packetCount == 1)
        #expect(store.take([5], at: at(2_100)) == [])
        for sequence in 0..<100_000 {
            store.keep(packet(UInt16(truncatingIfNeeded: sequence), bytes: 1), at: at(2_000))
        }
        #expect(store.packetCount == 3)
        #expect(store.byteCount == 3)
    }

    @Test("ST-2: asking again and again gives a packet a few times, at a distance")
    func storeAmplification() {
        var store = RetransmissionStore(limits: .init(resendCountMax: 2, resendIntervalMin: 10_000))
        store.keep(packet(1), at: at(0))
        #expect(store.take([1, 1, 1], at: at(1)).count == 1)
        #expect(store.take([1], at: at(10)).count == 0)
        #expect(store.take([1], at: at(11)).count == 1)
        #expect(store.take([1], at: at(100)).count == 0)
    }
}

@Suite struct TrackTests {
    /// Sends frames through a network that loses and reorders, with feedback, and gives what arrives.
    private func run(loss: UInt64, seed: UInt64, frameCount: Int = 120) throws -> (sent: [[UInt8]], received: [[UInt8]])
    {
        var random = SeededGenerator(seed)
        var sender = TrackSender(codec: .vp8, payloadType: 96, using: &random)
        var receiver = TrackReceiver(codec: .vp8, source: sender.source)
        /// (arrival in ms, order, packet)
        var wire: [(UInt64, RTPPacket)] = []
        var feedback: [(UInt64, RTCPPacket)] = []
        var sent: [[UInt8]] = []
        var received: [[UInt8]] = []
        var needsKeyFrame = true
        func post(_ packets: [RTPPacket], _ now: UInt64) {
            for packet in packets where random.next() % 100 >= loss {
                wire.append((now + 20 + random.next() % 4, packet))
            }
        }
        func handle(_ actions: [TrackReceiver.Action], _ now: UInt64) {
            for action in actions {
                switch action {
                case .frame(let frame): received.append(frame.bytes)
                case .requestPackets(let sequences):
                    feedback.append(
                        (now + 20, .packetsMissing(source: 1, media: sender.source, sequences: sequences)))
                case .requestKeyFrame: feedback.append((now + 20, .pictureLost(source: 1, media: sender.source)))
                }
            }
        }
        receiver.noteRoundTrip(40_000)
        for now in 0..<UInt64(frameCount * 40 + 2_000) {
            if now % 40 == 0, now / 40 < frameCount {
                var frame = random.bytes(Int(1 + random.next() % 6_000))
                frame[0] = needsKeyFrame ? 0 : 1
                needsKeyFrame = false
                sent.append(frame)
                post(try sender.send(frame, ticks: now * 90, at: at(now)), now)
            }
            for (_, packet) in feedback.filter({ $0.0 == now }) {
                for action in sender.receive(packet, at: at(now), time: NTPTime(0)) {
                    switch action {
                    case .resend(let packets): post(packets, now)
                    case .makeKeyFrame: needsKeyFrame = true
                    case .measured: break
                    }
                }
            }
            for (_, packet) in wire.filter({ $0.0 == now }) { handle(receiver.receive(packet, at: at(now)), now) }
            wire.removeAll { $0.0 <= now }
            feedback.removeAll { $0.0 <= now }
            if let deadline = receiver.deadline, deadline <= at(now) { handle(receiver.advance(to: at(now)), now) }
        }
        return (sent, received)
    }

    @Test("TR-1: reordering alone loses nothing")
    func reordering() throws {
        let (sent, received) = try run(loss: 0, seed: 1)
        #expect(received == sent)
    }

    @Test(
        "TR-2: one packet in ten lost, and every frame arrives in order by asking again",
        arguments: [2, 3, 4] as [UInt64])
    func lossy(seed: UInt64) throws {
        let (sent, received) = try run(loss: 10, seed: seed)
        #expect(received.count >= sent.count - 3)
        var rest = sent[...]
        for frame in received {
            guard let index = rest.firstIndex(of: frame) else {
                Issue.record("a frame that was not sent, or out of order")
                return
            }
            rest = rest[(index + 1)...]
        }
    }

    @Test("TR-3: at half of the packets lost it recovers by key frames, and never shows a broken frame")
    func ruined() throws {
        let (sent, received) = try run(loss: 50, seed: 5)
        #expect(!received.isEmpty)
        #expect(received.allSatisfy { sent.contains($0) })
    }

    @Test("TR-4: the first sound after a pause is marked, and feedback for others is passed over")
    func sound() throws {
        var random = SeededGenerator(9)
        var sender = TrackSender(codec: .opus, payloadType: 111, using: &random)
        let marks = try [0, 960, 1_920, 20_000, 20_960].map {
            try sender.send([0xf8, 1], ticks: $0, at: at(0))[0].marker
        }
        #expect(marks == [true, false, false, true, false])
        #expect(sender.receive(.pictureLost(source: 1, media: sender.source &+ 1), at: at(0), time: NTPTime(0)) == [])
        #expect(
            sender.receive(.pictureLost(source: 1, media: sender.source), at: at(0), time: NTPTime(0)) == [
                .makeKeyFrame
            ])
        let report = sender.report(time: NTPTime(0), ticks: 0)
        #expect(report.packetCount == 5)
        #expect(report.octetCount == 10)
        #expect(report.timestamp == sender.wireTimestamp(0))
    }
}
