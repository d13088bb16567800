internal import Crypto
internal import EventLoop
internal import HTTP
internal import ICE
internal import Media
internal import MediaEndpoint
internal import Node
internal import Primitives
internal import RPC
internal import Signalling
internal import Synchronization
internal import Wire

/// Calls between two phones, each at a home node of its own, one after the other: the whole way from a phone number to
/// the first frame that the callee has decrypted.
enum CallBench {
    private static let callsMax = 50
    private static let callsMin = 5

    static func run(for time: Duration, into report: Report) async throws {
        let network = try await CallNetwork()
        let (alice, bob) = (try await network.person(at: 0), try await network.person(at: 1))
        guard let number = PhoneNumber("+4915\(UInt32.random(in: 100_000_000...999_999_999))") else {
            throw BenchError("no phone number")
        }
        let (caller, callee) = (Phone(alice), Phone(bob))
        let listing = try await callee.device.listen()
        _ = try await NumberDirectory(home: bob).publish(
            number, mailbox: listing.address, prekeys: listing.bundle, listing: { _ in nil },
            evidence: network.registrarsWord)
        let answering = Task { await callee.answer() }
        // The first call opens connections that later ones share.
        _ = try await call(number, from: caller, to: callee, alice)
        var (lookups, calls, whole) = (Sample(), Sample(), Sample())
        let began = SystemTime.monotonic
        while calls.count < callsMax, calls.count < callsMin || SystemTime.monotonic - began < time {
            let result = try await call(number, from: caller, to: callee, alice)
            lookups.add(result.lookup)
            calls.add(result.call)
            whole.add(result.lookup + result.call)
        }
        await caller.device.stop()
        await callee.device.stop()
        await answering.value
        await network.stop()
        report.fact(
            "call.network",
            "4 validators and both phones in one process, loopback; \(calls.count) calls, answered at once; "
                + "RPC rate limits raised, one-time prekeys for the first \(CallSettings().oneTimeKeyCount)")
        report.latency("call.lookup", lookups)
        report.latency("call.inviteToFrame", calls)
        report.latency("call.numberToFrame", whole)
    }

    /// One call, from the number to its end.
    private static func call(
        _ number: PhoneNumber, from caller: Phone, to callee: Phone, _ home: HomeClient
    ) async throws -> (lookup: Duration, call: Duration) {
        let start = SystemTime.monotonic
        let found = try await NumberDirectory(home: home).find(number)
        let lookedUp = SystemTime.monotonic
        let record = found.record
        let frame = callee.expectFrame()
        let session = try await caller.device.call(
            Callee(member: record.member, address: record.mailbox, bundle: record.prekeys),
            media: CallMedia(camera: caller.camera()))
        // Ends with the call.
        let watching = Task {
            for await event in session.events {
                guard case .ended(let report) = event else { continue }
                callee.giveUp()
                return "\(report.reason)"
            }
            return "lost"
        }
        guard let arrival = await frame.first(where: { _ in true }) else {
            throw BenchError("a call ended without a frame: \(await watching.value)")
        }
        session.end()
        _ = await watching.value
        await callee.isFree()
        return (lookedUp - start, arrival - lookedUp)
    }
}

/// A phone that answers at once, and tells when the first frame of a call was decrypted.
private final class Phone: Sendable {
    let device: PhoneDevice
    private let film: [UInt8]
    private let waiting = Mutex<AsyncStream<Duration>.Continuation?>(nil)
    private let ended: AsyncStream<Void>
    private let endedSink: AsyncStream<Void>.Continuation

    init(_ home: HomeClient) {
        var settings = CallSettings()
        settings.transport.ice.localAddresses = .only([Redacted("127.0.0.1")])
        device = PhoneDevice(member: home.member, keys: home.keys, home: ClientCallHome(home), settings: settings)
        film = Self.film()
        (ended, endedSink) = AsyncStream.makeStream()
    }

    /// Two seconds of sound.
    private static func film() -> [UInt8] {
        guard
            var writer = try? WebMWriter(tracks: [WebMTrack(number: 1, kind: .opus(OpusHead()))], mode: .stream)
        else { return [] }
        var bytes = writer.start()
        for index in 0..<100 {
            let frame = WebMFrame(
                track: 1, timestamp: Int64(index) * 20_000, isKeyFrame: true,
                bytes: [0xf8] + SecureRandom.bytes(count: 80))
            bytes += (try? writer.write(frame)) ?? []
        }
        return bytes + writer.finish().tail
    }

    func camera() -> CallMedia.Camera {
        let rest = Mutex<[UInt8]?>(film)
        return { () async throws(PipelineError) -> [UInt8]? in
            rest.withLock { rest in
                defer { rest = nil }
                return rest
            }
        }
    }

    /// Brings the time of the next first frame, or nothing when there is none.
    func expectFrame() -> AsyncStream<Duration> {
        let (stream, sink) = AsyncStream<Duration>.makeStream(bufferingPolicy: .bufferingOldest(1))
        waiting.withLock { $0 = sink }
        return stream
    }

    func giveUp() { waiting.withLock { $0.take() }?.finish() }

    /// Answers calls until the device stops.
    func answer() async {
        for await session in device.incoming {
            for await event in session.events {
                switch event {
                case .incoming: await session.accept(media)
                case .ended: endedSink.yield()
                case .calling, .ringingThere, .shortAuthentication, .inCall, .reconnecting, .cameraEnded: break
                }
            }
        }
    }

    private var media: CallMedia {
        CallMedia(frameReceived: { [self] frame in
            guard frame.plain != nil else { return }
            let now = SystemTime.monotonic
            let sink = waiting.withLock { $0.take() }
            sink?.yield(now)
            sink?.finish()
        })
    }

    /// Waits until an answered call is over here too.
    func isFree() async {
        for await _ in ended { return }
    }
}
