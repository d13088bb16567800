import EventLoop
import ICE
import Primitives
import Synchronization

/// An agent with what it told and what it received, for tests.
final class Peer: Sendable {
    let agent: ICEAgent
    let events: AsyncStream<ICEEvent>
    let datagrams: AsyncStream<[UInt8]>
    private let eventSink: AsyncStream<ICEEvent>.Continuation
    private let datagramSink: AsyncStream<[UInt8]>.Continuation

    static func loopback(relayOnly: Bool = false) -> ICESettings {
        ICESettings(isRelayOnly: relayOnly, localAddresses: .only([Redacted("127.0.0.1")]))
    }

    init(loop: GLibLoop = GLibLoop(name: "ice-test"), settings: ICESettings = Peer.loopback()) {
        agent = ICEAgent(loop: loop, settings: settings)
        (events, eventSink) = AsyncStream.makeStream()
        (datagrams, datagramSink) = AsyncStream.makeStream()
    }

    func start(isControlling: Bool) async throws {
        try await agent.start(
            isControlling: isControlling,
            onEvent: { [eventSink] in _ = eventSink.yield($0) },
            onDatagram: { [datagramSink] datagram in
                var copy: [UInt8] = []
                for index in 0..<datagram.count { copy.append(datagram[index]) }
                datagramSink.yield(copy)
            })
    }

    /// Exchanges credentials with `other` and passes candidates to it, until this side is in `state`.
    func offer(to other: Peer) async throws {
        try await other.agent.setRemote(agent.localCredentials())
        for await event in events {
            switch event {
            case .candidate(let candidate): try await other.agent.addRemote(candidate)
            case .gathered:
                try await other.agent.endOfRemoteCandidates()
                return
            default: break
            }
        }
    }

    func wait(for state: ICEState) async {
        if await agent.state == state { return }
        for await event in events where event == .state(state) { return }
    }

    /// The next datagram, or nil at the end.
    func receive() async -> [UInt8]? {
        for await datagram in datagrams { return datagram }
        return nil
    }

    static func connect(_ first: Peer, _ second: Peer) async throws {
        try await first.start(isControlling: true)
        try await second.start(isControlling: false)
        try await first.agent.gather()
        try await second.agent.gather()
        try await first.offer(to: second)
        try await second.offer(to: first)
        await first.wait(for: .connected)
        await second.wait(for: .connected)
    }
}
