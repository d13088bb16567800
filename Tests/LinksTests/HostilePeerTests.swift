import EventLoop
import Links
import Primitives
import TLS
import Testing

@Suite(.timeLimit(.minutes(1))) struct HostilePeerTests {
    private let loop: EpollLoop
    init() throws { loop = try EpollLoop(name: "test") }

    /// A node that knows member 2, and one who dials it as member 2.
    private func pair(
        hello: [UInt8]? = RawPeer.hello(2), settings: LinkSettings = TestNode.settings()
    ) async throws -> (TestNode, RawPeer) {
        let node = try TestNode(1, on: loop, settings: settings)
        try await node.start()
        let key = try TestNode.tls(2).publicKey
        try await node.mesh.setPeers([LinkPeer(member: TestNode.member(2), keys: [key], address: nil)])
        let raw = try RawPeer(2, on: loop, hello: hello)
        try await raw.dial(try #require(node.listening))
        return (node, raw)
    }

    @Test(
        "what breaks the frame format ends the link by its reason",
        arguments: [
            ([0, 0, 0, 1, 0x45, 0], .malformed), ([0, 2, 0, 0, 1], .malformed), ([0, 0, 5, 0, 0], .oversize),
            ([0, 0, 0, 1, 0x18, 200], .malformed), ([0, 0, 0, 1, 0x08, 1], .malformed),
        ] as [([UInt8], LinkRefusal)])
    func malformed(bytes: [UInt8], reason: LinkRefusal) async throws {
        defer { loop.stop() }
        let (node, raw) = try await pair()
        await node.waitConnected(to: TestNode.member(2))
        await raw.say(bytes)
        #expect(await node.waitDisconnected(from: TestNode.member(2)) == .refused(reason))
        #expect(await raw.waitBye() == reason)
    }

    @Test("a message above its channel's bound ends the link before it is held in memory")
    func oversize() async throws {
        defer { loop.stop() }
        var settings = TestNode.settings()
        settings.transactions = .init(messageByteCountMax: 1_000, queuedByteCountMax: 9_999, queuedMessageCountMax: 9)
        let (node, raw) = try await pair(settings: settings)
        await raw.say(RawPeer.frame(lane: 4, [UInt8](repeating: 1, count: 1_000)))
        #expect(await node.waitMessage()?.count == 1_000)
        // Only the head of the long one: no byte of its payload is waited for.
        await raw.say([0, 0, 4, 0, 4])
        #expect(await node.waitDisconnected(from: TestNode.member(2)) == .refused(.oversize))
    }

    @Test("a message before the hello, a second hello and a broken one are refused")
    func hello() async throws {
        defer { loop.stop() }
        let (early, first) = try await pair(hello: nil)
        await first.say(RawPeer.frame(lane: 1, [1]))
        #expect(await early.waitFailure() == .refused(.malformed))
        let (broken, second) = try await pair(hello: RawPeer.hello(2) + [0])
        #expect(await broken.waitFailure() == .refused(.malformed))
        #expect(await second.waitBye() == .malformed)
        let (twice, third) = try await pair()
        await twice.waitConnected(to: TestNode.member(2))
        await third.say(RawPeer.frame(lane: 0, RawPeer.hello(2)))
        #expect(await twice.waitDisconnected(from: TestNode.member(2)) == .refused(.malformed))
    }

    @Test("one who connects and says nothing is dropped in time")
    func silentHandshake() async throws {
        defer { loop.stop() }
        var settings = TestNode.settings()
        settings.handshakeTimeout = .milliseconds(50)
        let (node, raw) = try await pair(hello: nil, settings: settings)
        #expect(await node.waitFailure() == .handshakeTimedOut)
        #expect(await raw.waitBye() == nil)
    }

    @Test("connections that only hold their place do not keep a member out")
    func crowd() async throws {
        defer { loop.stop() }
        var settings = TestNode.settings()
        settings.handshakeCountMax = 2
        let (node, raw) = try await pair(hello: nil, settings: settings)
        var crowd: [RawPeer] = [raw]
        for _ in 0..<5 {
            crowd.append(try RawPeer(2, on: loop, hello: nil))
            try await crowd.last?.dial(try #require(node.listening))
        }
        #expect(await node.waitFailure() == .refused(.busy))
        let member = try RawPeer(2, on: loop, hello: RawPeer.hello(2))
        try await member.dial(try #require(node.listening))
        await node.waitConnected(to: TestNode.member(2))
    }

    @Test("a peer that answers no ping is given up, one that answers is kept")
    func silence() async throws {
        defer { loop.stop() }
        var settings = TestNode.settings()
        settings.pingInterval = .milliseconds(20)
        settings.silenceMax = .milliseconds(600)
        let (node, raw) = try await pair(settings: settings)
        for await frame in raw.frames where frame.lane == 0 && frame.kind == .request {
            await raw.say(RawPeer.frame(lane: 0, kind: .response, frame.bytes))
            break
        }
        for await frame in raw.frames where frame.lane == 0 && frame.kind == .request { break }
        #expect(await node.mesh.statistics[0].roundTrip != nil)
        #expect(await node.waitDisconnected(from: TestNode.member(2)) == .silent)
    }

    @Test("one who does not read gets busy for transactions, and the end of the link for votes")
    func slowReader() async throws {
        defer { loop.stop() }
        var settings = TestNode.settings()
        let small = LinkSettings.Channel(
            messageByteCountMax: 1 << 20, queuedByteCountMax: 2 << 20, queuedMessageCountMax: 100)
        (settings.transactions, settings.consensus) = (small, small)
        let (node, raw) = try await pair(settings: settings)
        let member = TestNode.member(2)
        await node.waitConnected(to: member)
        await raw.setPaused(true)
        let chunk = [UInt8](repeating: 3, count: 1 << 20)
        var results: [LinkSendResult] = []
        // The kernel's buffers take the first ones.
        while results.last != .busy, results.count < 1_000 {
            results.append(await node.mesh.send(chunk, on: .transactions, to: member))
        }
        #expect(results.last == .busy)
        await raw.setPaused(false)
        let drained = await node.next { event in if case .drained(member, let channel) = event { channel } else { nil }
        }
        #expect(drained == .transactions)
        await raw.setPaused(true)
        results = []
        while results.last != .overflowed, results.count < 1_000 {
            results.append(await node.mesh.send(chunk, on: .consensus, to: member))
        }
        #expect(results.last == .overflowed)
        #expect(await node.waitDisconnected(from: member) == .refused(.overflowed))
        #expect(await node.mesh.send([1], on: .consensus, to: member) == .notConnected)
    }

    @Test("one who sends above the rate is read more slowly, and loses nothing")
    func rate() async throws {
        defer { loop.stop() }
        var settings = TestNode.settings()
        settings.inboundByteRateMax = 2 << 20
        let (node, raw) = try await pair(settings: settings)
        await node.waitConnected(to: TestNode.member(2))
        let start = SystemTime.monotonic
        for _ in 0..<48 { await raw.say(RawPeer.frame(lane: 2, [UInt8](repeating: 1, count: 65_536))) }
        for _ in 0..<48 { #expect(await node.waitMessage()?.count == 65_536) }
        // 3 MiB at 2 MiB/s with a burst of 2 MiB: at least half a second, less what one read brings.
        #expect(SystemTime.monotonic - start > .milliseconds(300))
    }
}
