import EventLoop
import ICE
import MediaEndpoint
import Primitives
import SecureMedia
import Testing

@Suite(.timeLimit(.minutes(1)))
struct MediaTransportTests {
    @Test(
        "two ends find a path, agree on keys and exchange packets, whoever begins the handshake",
        arguments: [TransportSetup.passive, .active])
    func connects(answer: TransportSetup) async throws {
        let (caller, callee) = (try Leg(), try Leg())
        try await Leg.introduce(caller, callee, answer: answer)
        let expected = try await callee.transport.localDescription().fingerprint
        #expect(
            await caller.outcome()
                == .secured(SecuredTransport(profile: .aes256GCM, remoteFingerprint: expected)))
        #expect(await callee.isSecured)
        #expect(await caller.transport.send(rtp: Packets.rtp(1)))
        #expect(await callee.nextRTP() == Packets.rtp(1))
        #expect(await callee.transport.send(rtp: Packets.rtp(9, source: 8)))
        #expect(await caller.nextRTP() == Packets.rtp(9, source: 8))
        await Leg.close(caller, callee)
    }

    @Test("reports and packets of one port are told apart")
    func demultiplexes() async throws {
        let (caller, callee) = (try Leg(), try Leg())
        try await Leg.introduce(caller, callee)
        #expect(await caller.isSecured)
        #expect(await callee.isSecured)
        // The marker bit with payload type 63 is the highest below RTCP, with 96 the lowest above.
        for (sequence, type) in [(UInt16(1), UInt8(0x80 | 63)), (2, 0x80 | 96), (3, 127), (4, 0)] {
            #expect(await caller.transport.send(rtp: Packets.rtp(sequence, type: type)))
            #expect(await callee.nextRTP() == Packets.rtp(sequence, type: type))
        }
        #expect(await caller.transport.send(rtcp: Packets.report))
        #expect(await callee.nextRTCP() == Packets.report)
        #expect(await callee.transport.statistics.refusedPacketCount == 0)
        await Leg.close(caller, callee)
    }

    @Test("a certificate other than the announced one ends the call by name, and nothing is sent")
    func wrongFingerprint() async throws {
        let (caller, callee) = (try Leg(), try Leg())
        try await Leg.introduce(caller, callee) { description, isCaller in
            var changed = description
            if !isCaller { changed.fingerprint = .zero }
            return changed
        }
        let seen = try await callee.transport.localDescription().fingerprint
        #expect(await caller.outcome() == .failed(.fingerprintMismatch(seen: seen)))
        #expect(await callee.outcome() == .failed(.handshake(.protocolError)))
        #expect(await !caller.transport.send(rtp: Packets.rtp(1)))
        #expect(await !callee.transport.send(rtp: Packets.rtp(1)))
        await Leg.close(caller, callee)
    }

    @Test("a call comes up and media passes although every fifth datagram is lost")
    func loss() async throws {
        let relay = try LossyRelay { count, _ in count % 5 == 3 }
        try await relay.open()
        let (caller, callee) = (try Leg(), try Leg())
        try await Leg.introduce(caller, callee) { try await relay.stand(in: $0, isCaller: $1) }
        #expect(await caller.isSecured)
        #expect(await callee.isSecured)
        for sequence in 1...UInt16(50) { await caller.transport.send(rtp: Packets.rtp(sequence)) }
        #expect(await callee.nextRTP() != nil)
        #expect(await relay.lostCount > 0)
        await Leg.close(caller, callee)
        await relay.close()
    }

    @Test("the last flight of the handshake may be lost", arguments: [TransportSetup.passive, .active])
    func lostLastFlight(answer: TransportSetup) async throws {
        // The server's last flight begins with ChangeCipherSpec, content type 20.
        let lost = Counter()
        let relay = try LossyRelay { _, datagram in datagram.first == 20 && lost.next() == 1 }
        try await relay.open()
        let (caller, callee) = (try Leg(), try Leg())
        try await Leg.introduce(caller, callee, answer: answer) { try await relay.stand(in: $0, isCaller: $1) }
        #expect(await caller.isSecured)
        #expect(await callee.isSecured)
        #expect(lost.count > 0)
        await Leg.close(caller, callee)
        await relay.close()
    }

    @Test("a restart keeps keys and counters")
    func restart() async throws {
        let (caller, callee) = (try Leg(), try Leg())
        try await Leg.introduce(caller, callee)
        #expect(await caller.isSecured)
        #expect(await callee.isSecured)
        let offer = try await caller.transport.restart()
        let answer = try await callee.transport.restart()
        try await callee.transport.setRemote(offer)
        try await caller.transport.setRemote(answer)
        try await callee.transport.endOfRemoteCandidates()
        try await caller.transport.endOfRemoteCandidates()
        for sequence in 10...UInt16(20) { await caller.transport.send(rtp: Packets.rtp(sequence)) }
        #expect(await callee.nextRTP()?.count == Packets.rtp(10).count)
        await Leg.close(caller, callee)
    }

    @Test("a restart with another certificate is refused")
    func restartWithOtherCertificate() async throws {
        let (caller, callee) = (try Leg(), try Leg())
        try await Leg.introduce(caller, callee)
        var offer = try await callee.transport.restart()
        offer.fingerprint = .zero
        let changed = offer
        await #expect(throws: TransportError.fingerprintChanged) { try await caller.transport.setRemote(changed) }
        await Leg.close(caller, callee)
    }

    @Test("a packet may be sent again as it was, and is not taken twice")
    func sendAgain() async throws {
        let (caller, callee) = (try Leg(), try Leg())
        try await Leg.introduce(caller, callee)
        #expect(await caller.isSecured)
        #expect(await callee.isSecured)
        #expect(await caller.transport.send(rtp: Packets.rtp(1), keepsForRepeat: true))
        #expect(await caller.transport.sendAgain(source: 7, sequence: 1))
        #expect(await !caller.transport.sendAgain(source: 7, sequence: 2))
        #expect(await !caller.transport.send(rtp: Packets.rtp(1)))
        #expect(await caller.transport.send(rtp: Packets.rtp(2)))
        #expect(await callee.nextRTP() == Packets.rtp(1))
        #expect(await callee.nextRTP() == Packets.rtp(2))
        #expect(await callee.transport.statistics.replayedPacketCount == 1)
        await Leg.close(caller, callee)
    }

    @Test("the other end hears a goodbye")
    func goodbye() async throws {
        let (caller, callee) = (try Leg(), try Leg())
        try await Leg.introduce(caller, callee)
        #expect(await caller.isSecured)
        #expect(await callee.isSecured)
        await caller.transport.close()
        await caller.transport.close()
        #expect(await callee.outcome() == .failed(.closedByPeer))
        await Leg.close(callee)
    }

    @Test("two sides that both wait, or both begin, are refused", arguments: [TransportSetup.active, .passive])
    func setupConflict(setup: TransportSetup) async throws {
        let (caller, callee) = (try Leg(), try Leg())
        try await caller.start(isControlling: true, setup: setup)
        try await callee.start(isControlling: false, setup: setup)
        let offer = try await caller.describe()
        await #expect(throws: TransportError.setupConflict) { try await callee.transport.setRemote(offer) }
        await Leg.close(caller, callee)
    }

    @Test("a transport leaves no trace, closed or forgotten")
    func noLeak() async throws {
        weak var closed: MediaTransport?
        weak var forgotten: GLibLoop?
        do {
            let (caller, callee) = (try Leg(), try Leg())
            try await Leg.introduce(caller, callee)
            #expect(await caller.isSecured)
            #expect(await callee.isSecured)
            closed = caller.transport
            forgotten = callee.transport.loop
            await caller.transport.close()
        }
        // Threads let go when they next run; the suite's limit ends the wait for what is never let go.
        while closed != nil || forgotten != nil { try await Task.sleep(for: .milliseconds(1)) }
    }
}
