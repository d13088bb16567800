import EventLoop
import Media
import MediaEndpoint
import Primitives
import Testing

/// A leg with a pipeline on it.
private final class Caller: Sendable {
    let transport: MediaTransport
    let pipeline: MediaPipeline
    let leg: Leg
    let frames: AsyncStream<ReceivedFrame>

    init() throws {
        let leg = try Leg()
        self.leg = leg
        transport = leg.transport
        let (frames, sink) = AsyncStream<ReceivedFrame>.makeStream()
        self.frames = frames
        pipeline = MediaPipeline(transport: leg.transport) { event in
            if case .frame(let frame) = event { sink.yield(frame) }
        }
    }

    func next() async -> ReceivedFrame? {
        for await frame in frames { return frame }
        return nil
    }

    func close() async {
        await pipeline.stop()
        await transport.close()
    }

    static func connect(_ first: Caller, _ second: Caller, through relay: LossyRelay? = nil) async throws {
        try await Leg.introduce(first.leg, second.leg, pipelines: (first.pipeline, second.pipeline)) {
            try await relay?.stand(in: $0, isCaller: $1) ?? $0
        }
        #expect(await first.leg.isSecured)
        #expect(await second.leg.isSecured)
        await first.pipeline.start()
        await second.pipeline.start()
    }
}

@Suite(.timeLimit(.minutes(1)))
struct MediaPipelineTests {
    private static let videoKey = MediaKeyID(rawValue: 1 << 28)
    private static let audioKey = MediaKeyID(rawValue: 2 << 28)
    private static let key = [UInt8](repeating: 3, count: 32)

    /// 3000 bytes, so that it takes several packets; a key frame of 16 by 16 every tenth.
    private static func picture(_ number: Int) -> [UInt8] {
        let body = (0..<3000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) }
        return number % 10 == 0 ? [0x10, 0, 0, 0x9d, 1, 0x2a, 16, 0, 16, 0] + body : [0x11, 0, 0] + body
    }

    private static func giveKeys(to sender: Caller, and receiver: Caller) async throws {
        try await sender.pipeline.setSendingKey(.vp8, keyID: videoKey, baseKey: key)
        try await sender.pipeline.setSendingKey(.opus, keyID: audioKey, baseKey: key)
        try await receiver.pipeline.addReceivingKey(videoKey, baseKey: key)
        try await receiver.pipeline.addReceivingKey(audioKey, baseKey: key)
    }

    @Test("frames arrive whole, in order and decrypted, and none travels in the clear")
    func frames() async throws {
        let (alice, bob) = (try Caller(), try Caller())
        try await Caller.connect(alice, bob)
        try await Self.giveKeys(to: alice, and: bob)
        for number in 0..<5 {
            let time = UInt64(number) * 40_000
            let sealed = try await alice.pipeline.send(Self.picture(number), codec: .vp8, microseconds: time)
            let frame = try #require(await bob.next())
            #expect(frame.plain == Self.picture(number))
            #expect(frame.sealed == sealed)
            #expect(Array(sealed.suffix(2900)) != Array(Self.picture(number).suffix(2900)))
            #expect(frame.isKeyFrame == (number == 0))
        }
        try await alice.pipeline.send([1, 2, 3], codec: .opus, microseconds: 0)
        #expect(await bob.next()?.plain == [1, 2, 3])
        await alice.close()
        await bob.close()
    }

    @Test("lost packets are asked for and sent again until every picture is whole")
    func loss() async throws {
        let lost = Counter()
        // Every seventh RTP datagram is lost; reports and the handshake pass.
        let relay = try LossyRelay { _, datagram in
            guard datagram.count > 500, (128...191).contains(datagram[0]) else { return false }
            return lost.next() % 7 == 3
        }
        try await relay.open()
        let (alice, bob) = (try Caller(), try Caller())
        try await Caller.connect(alice, bob, through: relay)
        try await Self.giveKeys(to: alice, and: bob)
        for number in 0..<40 {
            try await alice.pipeline.send(Self.picture(number), codec: .vp8, microseconds: UInt64(number) * 40_000)
            try await Task.sleep(for: .milliseconds(5))
        }
        var received = 0
        while received < 30, let frame = await bob.next() {
            #expect(frame.plain?.count ?? 0 > 3000)
            received += 1
        }
        #expect(await relay.lostCount > 0)
        #expect(await alice.pipeline.statistics.resentPacketCount > 0)
        #expect(await bob.pipeline.statistics.refusedFrameCount == 0)
        await alice.close()
        await bob.close()
        await relay.close()
    }

    @Test("a frame under a key we lack is handed on closed")
    func noKey() async throws {
        let (alice, bob) = (try Caller(), try Caller())
        try await Caller.connect(alice, bob)
        await #expect(throws: PipelineError.noKey) {
            try await alice.pipeline.send([1], codec: .opus, microseconds: 0)
        }
        try await alice.pipeline.setSendingKey(.opus, keyID: Self.audioKey, baseKey: Self.key)
        let sealed = try await alice.pipeline.send([1], codec: .opus, microseconds: 0)
        let frame = try #require(await bob.next())
        #expect(frame.plain == nil)
        #expect(frame.sealed == sealed)
        #expect(await bob.pipeline.statistics.unknownKeyFrameCount == 1)
        await alice.close()
        await bob.close()
    }

    @Test("a key id serves once, and codecs share none")
    func keyIDs() async throws {
        let caller = try Caller()
        let next = MediaKeyID(rawValue: Self.videoKey.rawValue + 1)
        try await caller.pipeline.setSendingKey(.vp8, keyID: Self.videoKey, baseKey: Self.key)
        for (codec, keyID) in [(MediaCodec.vp8, Self.videoKey), (.opus, Self.videoKey), (.opus, next)] {
            await #expect(throws: PipelineError.keyIDReused) {
                try await caller.pipeline.setSendingKey(codec, keyID: keyID, baseKey: Self.key)
            }
        }
        try await caller.pipeline.setSendingKey(.vp8, keyID: next, baseKey: Self.key)
        await caller.close()
    }

    @Test("a file played here becomes the same frames in a file there")
    func fileToFile() async throws {
        let (alice, bob) = (try Caller(), try Caller())
        try await Caller.connect(alice, bob)
        try await Self.giveKeys(to: alice, and: bob)
        let file = try Self.file()
        let chunks = Chunks(file)
        try await alice.pipeline.play { () throws(PipelineError) in chunks.next() }
        var writer = ReceivedFileWriter(expectsVideo: true)
        var output: [UInt8] = []
        for _ in 0..<15 { if let frame = await bob.next() { output += try writer.write(frame) } }
        output += writer.finish()
        #expect(try Self.frames(of: output) == Self.frames(of: file))
        await alice.close()
        await bob.close()
    }

    /// Ten sounds and five pictures in 200 ms, the picture first.
    private static func file() throws -> [UInt8] {
        var writer = try WebMWriter(
            tracks: [
                WebMTrack(number: 1, kind: .vp8(width: 16, height: 16)), WebMTrack(number: 2, kind: .opus(OpusHead())),
            ], mode: .stream)
        var bytes = writer.start()
        for number in 0..<10 {
            let time = Int64(number) * 20_000
            if number % 2 == 0 {
                bytes += try writer.write(
                    WebMFrame(track: 1, timestamp: time, isKeyFrame: number == 0, bytes: picture(number / 2)))
            }
            bytes += try writer.write(
                WebMFrame(track: 2, timestamp: time, isKeyFrame: true, bytes: [UInt8(number), 1, 2]))
        }
        return bytes + writer.finish().tail
    }

    /// The bytes of each track's frames.
    private static func frames(of file: [UInt8]) throws -> [UInt64: [[UInt8]]] {
        var reader = WebMReader()
        var result: [UInt64: [[UInt8]]] = [:]
        for case .frame(let frame) in try reader.receive(file) { result[frame.track, default: []].append(frame.bytes) }
        return result
    }
}
