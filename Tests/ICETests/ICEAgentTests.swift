import EventLoop
import ICE
import Primitives
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ICEAgentTests {
    @Test("two agents on loopback connect directly and carry datagrams both ways")
    func connects() async throws {
        let (alice, bob) = (Peer(), Peer())
        try await Peer.connect(alice, bob)
        #expect(await alice.agent.send([1, 2, 3].span))
        #expect(await bob.receive() == [1, 2, 3])
        #expect(await bob.agent.send([UInt8](repeating: 7, count: 1200).span))
        #expect(await alice.receive() == [UInt8](repeating: 7, count: 1200))
        await alice.agent.close()
        await bob.agent.close()
        #expect(await alice.agent.state == .closed)
    }

    @Test("both agents may share one loop")
    func sharedLoop() async throws {
        let loop = GLibLoop(name: "ice-test")
        let (alice, bob) = (Peer(loop: loop), Peer(loop: loop))
        try await Peer.connect(alice, bob)
        #expect(await alice.agent.send([9].span))
        #expect(await bob.receive() == [9])
        await alice.agent.close()
        await bob.agent.close()
    }

    @Test("candidates may come before the credentials")
    func earlyCandidates() async throws {
        let (alice, bob) = (Peer(), Peer())
        try await alice.start(isControlling: true)
        try await bob.start(isControlling: false)
        try await alice.agent.gather()
        try await bob.agent.gather()
        for candidate in try await alice.agent.localCandidates() { #expect(try await bob.agent.addRemote(candidate)) }
        try await bob.agent.endOfRemoteCandidates()
        try await bob.agent.setRemote(alice.agent.localCredentials())
        try await bob.offer(to: alice)
        await alice.wait(for: .connected)
        await bob.wait(for: .connected)
        await alice.agent.close()
        await bob.agent.close()
    }

    @Test("a restart changes the credentials, and packets flow afterwards")
    func restart() async throws {
        let (alice, bob) = (Peer(), Peer())
        try await Peer.connect(alice, bob)
        let before = try await alice.agent.localCredentials()
        try await alice.agent.restart()
        try await bob.agent.restart()
        #expect(try await alice.agent.localCredentials() != before)
        try await bob.agent.setRemote(alice.agent.localCredentials())
        try await alice.agent.setRemote(bob.agent.localCredentials())
        for candidate in try await alice.agent.localCandidates() { try await bob.agent.addRemote(candidate) }
        for candidate in try await bob.agent.localCandidates() { try await alice.agent.addRemote(candidate) }
        try await alice.agent.endOfRemoteCandidates()
        try await bob.agent.endOfRemoteCandidates()
        await alice.wait(for: .connected)
        await bob.wait(for: .connected)
        // A pair may still be switching: one of many datagrams arrives.
        for _ in 0..<50 { await alice.agent.send([4].span) }
        #expect(await bob.receive() == [4])
        await alice.agent.close()
        await bob.agent.close()
    }

    @Test("the remote side's credentials are needed: a wrong password never connects")
    func wrongPassword() async throws {
        let (alice, bob) = (Peer(), Peer())
        try await alice.start(isControlling: true)
        try await bob.start(isControlling: false)
        try await alice.agent.gather()
        try await bob.agent.gather()
        let real = try await alice.agent.localCredentials()
        let wrong = try #require(
            ICECredentials(userFragment: real.userFragment, password: Redacted("aaaaaaaaaaaaaaaaaaaaaaaa")))
        try await bob.agent.setRemote(wrong)
        try await alice.agent.setRemote(bob.agent.localCredentials())
        for candidate in try await alice.agent.localCandidates() { try await bob.agent.addRemote(candidate) }
        for candidate in try await bob.agent.localCandidates() { try await alice.agent.addRemote(candidate) }
        #expect(await !bob.agent.send([1].span))
        #expect(await bob.agent.state != .connected)
        await alice.agent.close()
        await bob.agent.close()
    }

    @Test("relay-only shows no address of this machine")
    func relayOnly() async throws {
        let peer = Peer(settings: Peer.loopback(relayOnly: true))
        try await peer.start(isControlling: true)
        try await peer.agent.gather()
        #expect(try await peer.agent.localCandidates() == [])
        for await event in peer.events {
            if case .candidate = event { Issue.record("a candidate was shown") }
            if event == .gathered { break }
        }
        await peer.agent.close()
    }

    @Test("beyond the limit no remote candidate is taken")
    func candidateLimit() async throws {
        let peer = Peer()
        try await peer.start(isControlling: true)
        for port in 1...ICESettings.remoteCandidateCountMax {
            #expect(try await peer.agent.addRemote(Self.candidate(port: port)))
        }
        #expect(try await !peer.agent.addRemote(Self.candidate(port: 999)))
        await peer.agent.close()
    }

    private static func candidate(port: Int) throws -> ICECandidate {
        try ICECandidate(Redacted("candidate:1 1 udp 2130706431 127.0.0.1 \(port) typ host"))
    }

    @Test("calls in the wrong order are refused by name")
    func order() async throws {
        let peer = Peer()
        await #expect(throws: ICEError.notStarted) { try await peer.agent.gather() }
        try await peer.start(isControlling: true)
        await #expect(throws: ICEError.alreadyStarted) { try await peer.start(isControlling: true) }
        await peer.agent.close()
        await peer.agent.close()
        await #expect(throws: ICEError.closed) { try await peer.agent.gather() }
    }

    @Test("a peer that falls silent is disconnected first, and only then without consent")
    func consent() async throws {
        var settings = Peer.loopback()
        settings.consentGrace = .milliseconds(50)
        let (alice, bob) = (Peer(), Peer(settings: settings))
        try await Peer.connect(alice, bob)
        await alice.agent.close()
        await bob.wait(for: .disconnected)
        #expect(await !bob.agent.send([1].span))
        await bob.wait(for: .failed(.consentExpired))
        await bob.agent.close()
    }

    @Test("an agent leaves no trace: neither closed, nor forgotten")
    func noLeak() async throws {
        weak var closed: ICEAgent?
        weak var forgotten: ICEAgent?
        weak var loopOfForgotten: GLibLoop?
        do {
            let (alice, bob) = (Peer(), Peer())
            try await Peer.connect(alice, bob)
            closed = alice.agent
            forgotten = bob.agent
            loopOfForgotten = bob.agent.loop
            await alice.agent.close()
        }
        // Threads let go when they next run; the suite's limit ends the wait for what is never let go.
        while closed != nil || forgotten != nil || loopOfForgotten != nil {
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}
