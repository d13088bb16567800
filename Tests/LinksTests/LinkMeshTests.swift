import EventLoop
import Links
import Primitives
import TLS
import Testing

@Suite(.timeLimit(.minutes(1))) struct LinkMeshTests {
    private let loop: EpollLoop
    private let otherLoop: EpollLoop

    init() throws {
        loop = try EpollLoop(name: "test-a")
        otherLoop = try EpollLoop(name: "test-b")
    }

    private func stop() {
        loop.stop()
        otherLoop.stop()
    }

    @Test("two nodes link, and messages of every size arrive on their channel from their sender")
    func pair() async throws {
        defer { stop() }
        let (first, second) = (try TestNode(1, on: loop), try TestNode(2, on: otherLoop))
        try await connect([first, second])
        for (channel, count) in [(LinkChannel.consensus, 0), (.sync, 1 << 20), (.service, 65_537), (.transactions, 1)] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            #expect(await first.mesh.send(bytes, on: channel, to: second.member) == .queued)
            let got = await second.next { event -> Bool? in
                guard case .message(let sender, let arrived, let content) = event else { return nil }
                return sender == first.member && arrived == channel && content == bytes
            }
            #expect(got == true)
        }
        #expect(await first.mesh.send([1], on: .sync, to: TestNode.member(9)) == .notConnected)
        let long = [UInt8](repeating: 0, count: (1 << 20) + 1)
        #expect(await first.mesh.send(long, on: .service, to: second.member) == .tooLarge)
        let statistics = await first.mesh.statistics
        #expect(statistics.count == 1 && statistics[0].isConnected && statistics[0].sentMessageCount >= 4)
    }

    @Test("four nodes form a full mesh with one link per pair")
    func four() async throws {
        defer { stop() }
        let nodes = try (1...4).map { try TestNode(UInt8($0), on: $0 % 2 == 0 ? loop : otherLoop) }
        try await connect(nodes)
        for node in nodes {
            #expect(await node.mesh.broadcast([UInt8(node.member.bytes[7])], on: .consensus).isEmpty)
        }
        for node in nodes {
            var heard: Set<UInt8> = []
            while heard.count < 3, let message = await node.waitMessage() { heard.formUnion(message) }
            #expect(heard == Set<UInt8>([1, 2, 3, 4]).subtracting([node.member.bytes[7]]))
            #expect(await node.mesh.connectedMembers.count == 3)
        }
    }

    @Test("a node that went away and came back is linked again")
    func reconnect() async throws {
        defer { stop() }
        let (first, second) = (try TestNode(1, on: loop), try TestNode(2, on: otherLoop))
        try await connect([first, second])
        await second.mesh.stop()
        #expect(await first.waitDisconnected(from: second.member) == .refusedByPeer(.shuttingDown))
        let again = try TestNode(2, on: otherLoop)
        try await again.start(at: try #require(second.listening))
        try await again.mesh.setPeers([first.peer])
        await first.waitConnected(to: again.member)
        await again.waitConnected(to: first.member)
        #expect(await first.mesh.send([5], on: .consensus, to: again.member) == .queued)
        #expect(await again.waitMessage() == [5])
    }

    @Test("nodes that dial each other at the same moment keep one link and lose no message", arguments: 0..<20)
    func simultaneous(round: Int) async throws {
        defer { stop() }
        var settings = TestNode.settings()
        settings.higherMemberDelay = .zero
        let first = try TestNode(1, on: loop, settings: settings)
        let second = try TestNode(2, on: otherLoop, settings: settings)
        try await first.start()
        try await second.start()
        async let one: Void = first.mesh.setPeers([second.peer])
        async let two: Void = second.mesh.setPeers([first.peer])
        _ = try await (one, two)
        await first.waitConnected(to: second.member)
        var sent = 0
        for number in 0..<200 where await first.mesh.send([UInt8(number)], on: .sync, to: second.member) == .queued {
            sent += 1
        }
        // A crossing may end the first link; then it is connected again, and what comes after arrives.
        var received = 0
        while received < sent {
            guard let event = await second.next({ $0 }) else { break }
            if case .message = event { received += 1 }
            if case .disconnected = event { break }
        }
        #expect(await first.mesh.connectedMembers == [second.member])
    }

    @Test("a key that the ledger does not know is refused, and both operators see it")
    func unknownKey() async throws {
        defer { stop() }
        let (first, stranger) = (try TestNode(1, on: loop), try TestNode(2, on: otherLoop, key: 99))
        let real = try TestNode(2, on: otherLoop)
        try await first.start()
        try await stranger.start()
        try await first.mesh.setPeers([LinkPeer(member: real.member, keys: [real.key], address: nil)])
        try await stranger.mesh.setPeers([first.peer])
        #expect(await first.waitFailure() == .refused(.unknownKey))
        #expect(await stranger.waitFailure() == .refusedByPeer(.unknownKey))
    }

    @Test("one who listens at a member's address without its key is refused by the dialler")
    func impostor() async throws {
        defer { stop() }
        let (first, impostor) = (try TestNode(1, on: loop), try TestNode(2, on: otherLoop, key: 99))
        try await first.start()
        try await impostor.start()
        let real = try TestNode.tls(2).publicKey
        try await first.mesh.setPeers([LinkPeer(member: impostor.member, keys: [real], address: impostor.listening)])
        #expect(await first.waitFailure() == .refused(.unknownKey))
    }

    @Test("a member cannot speak for another, nor answer at its address")
    func wrongMember() async throws {
        defer { stop() }
        // Node 3 holds its own key but says that it is node 2.
        let (first, liar) = (try TestNode(1, on: loop), try TestNode(2, on: otherLoop, key: 3))
        try await first.start()
        try await liar.start()
        let second = LinkPeer(
            member: TestNode.member(2), keys: [try TestNode.tls(2).publicKey], address: liar.listening)
        let third = LinkPeer(member: TestNode.member(3), keys: [try TestNode.tls(3).publicKey], address: nil)
        try await first.mesh.setPeers([second, third])
        #expect(await first.waitFailure() == .refused(.wrongMember))
        try await first.mesh.setPeers([third])
        try await liar.mesh.setPeers([first.peer])
        let end = await liar.next { event -> LinkEnd? in
            switch event {
            case .attemptFailed(_, let end, isInbound: false), .disconnected(_, let end): end
            default: nil
            }
        }
        #expect(end == .refusedByPeer(.wrongMember))
    }

    @Test("another network, or no version in common, is refused by its reason", arguments: [true, false])
    func wrongNetwork(isChain: Bool) async throws {
        defer { stop() }
        let first = try TestNode(1, on: loop)
        let second = try TestNode(
            2, on: otherLoop, chain: isChain ? ChainID(raw: .zero) : TestNode.chain, versions: isChain ? [1] : [2, 3])
        try await first.start()
        try await second.start()
        try await second.mesh.setPeers([LinkPeer(member: first.member, keys: [first.key], address: nil)])
        try await first.mesh.setPeers([second.peer])
        let reason: LinkRefusal = isChain ? .wrongChain : .wrongVersion
        let expected: Set<LinkEnd> = [.refused(reason), .refusedByPeer(reason)]
        #expect(expected.contains(try #require(await first.waitFailure())))
        #expect(expected.contains(try #require(await second.waitFailure())))
        #expect(await first.mesh.connectedMembers.isEmpty)
    }

    @Test("a rotated key ends the link, and the new one makes another")
    func rotation() async throws {
        defer { stop() }
        let (first, second) = (try TestNode(1, on: loop), try TestNode(2, on: otherLoop))
        try await connect([first, second])
        let next = try TestNode.tls(77)
        await second.mesh.setIdentity(next)
        let rotated = LinkPeer(member: second.member, keys: [next.publicKey], address: second.listening)
        try await first.mesh.setPeers([rotated])
        #expect(await first.waitDisconnected(from: second.member) == .refused(.removed))
        await first.waitConnected(to: second.member)
        try await first.mesh.setPeers([])
        #expect(await first.waitDisconnected(from: second.member) == .refused(.removed))
        #expect(await first.mesh.statistics.isEmpty)
    }

    @Test("an address that is taken is named as the reason")
    func addressInUse() async throws {
        defer { stop() }
        let (first, second) = (try TestNode(1, on: loop), try TestNode(2, on: loop))
        try await first.start()
        let taken = try #require(first.listening)
        await #expect(throws: LinkError.cannotListen(.addressInUse)) { try await second.start(at: taken) }
        await #expect(throws: LinkError.tooManyPeers) {
            try await first.mesh.setPeers(Array(repeating: first.peer, count: 1_025))
        }
    }
}
