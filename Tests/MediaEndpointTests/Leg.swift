import EventLoop
import ICE
import MediaEndpoint
import Primitives
import SecureMedia

/// One end of a call, with what it told and what it received, for tests.
final class Leg: Sendable {
    let transport: MediaTransport
    let events: AsyncStream<TransportEvent>
    let rtp: AsyncStream<[UInt8]>
    let rtcp: AsyncStream<[UInt8]>
    private let eventSink: AsyncStream<TransportEvent>.Continuation
    private let rtpSink: AsyncStream<[UInt8]>.Continuation
    private let rtcpSink: AsyncStream<[UInt8]>.Continuation

    init(loop: GLibLoop = GLibLoop(name: "leg-test"), profiles: [SRTPProfile] = [.aes256GCM]) throws {
        let ice = ICESettings(localAddresses: .only([Redacted("127.0.0.1")]))
        transport = try MediaTransport(loop: loop, settings: TransportSettings(ice: ice, profiles: profiles))
        (events, eventSink) = AsyncStream.makeStream()
        (rtp, rtpSink) = AsyncStream.makeStream()
        (rtcp, rtcpSink) = AsyncStream.makeStream()
    }

    /// With a pipeline, packets go there.
    func start(isControlling: Bool, setup: TransportSetup, pipeline: MediaPipeline? = nil) async throws {
        if let pipeline {
            let handlers = pipeline.handlers { [eventSink] in _ = eventSink.yield($0) }
            return try await transport.start(isControlling: isControlling, setup: setup, handlers: handlers)
        }
        try await transport.start(
            isControlling: isControlling, setup: setup,
            handlers: TransportHandlers(
                onEvent: { [eventSink] in _ = eventSink.yield($0) },
                onRTP: { [rtpSink] packet in _ = rtpSink.yield(packet.indices.map { packet[$0] }) },
                onRTCP: { [rtcpSink] packet in _ = rtcpSink.yield(packet.indices.map { packet[$0] }) }))
    }

    /// The description once all candidates are known.
    func describe() async throws -> TransportDescription {
        for await event in events where event == .gathered { break }
        return try await transport.localDescription()
    }

    /// The first event that is no candidate and no path, which is how the handshake ended.
    func outcome() async -> TransportEvent? {
        for await event in events {
            switch event {
            case .secured, .failed, .closed: return event
            case .candidate, .gathered, .path, .pair: continue
            }
        }
        return nil
    }

    func nextRTP() async -> [UInt8]? {
        for await packet in rtp { return packet }
        return nil
    }

    func nextRTCP() async -> [UInt8]? {
        for await packet in rtcp { return packet }
        return nil
    }

    var isSecured: Bool {
        get async {
            guard case .secured = await outcome() else { return false }
            return true
        }
    }

    /// Starts both and exchanges descriptions, each changed by `alter` on its way.
    static func introduce(
        _ caller: Leg, _ callee: Leg, answer: TransportSetup = .passive,
        pipelines: (MediaPipeline, MediaPipeline)? = nil,
        alter: (TransportDescription, _ isCaller: Bool) async throws -> TransportDescription = { description, _ in
            description
        }
    ) async throws {
        try await caller.start(isControlling: true, setup: .either, pipeline: pipelines?.0)
        try await callee.start(isControlling: false, setup: answer, pipeline: pipelines?.1)
        let offer = try await caller.describe()
        let answer = try await callee.describe()
        try await callee.transport.setRemote(alter(offer, true))
        try await caller.transport.setRemote(alter(answer, false))
        try await callee.transport.endOfRemoteCandidates()
        try await caller.transport.endOfRemoteCandidates()
    }

    static func close(_ legs: Leg...) async {
        for leg in legs { await leg.transport.close() }
    }
}

/// Packets to send.
enum Packets {
    static func rtp(_ sequence: UInt16, source: UInt32 = 7, type: UInt8 = 96, count: Int = 50) -> [UInt8] {
        [0x80, type, UInt8(sequence >> 8), UInt8(sequence & 255), 0, 0, 0, 1]
            + [0, 0, 0, UInt8(source)] + (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    }

    static let report: [UInt8] = [0x80, 201, 0, 1, 0, 0, 0, 7]
}
