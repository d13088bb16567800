internal import Crypto
internal import EventLoop
internal import Media
internal import MediaEndpoint
internal import Primitives
internal import Recording
internal import Wire

/// One track on its way into a recording, on one core: SFrame encryption, leaf hashes, a signed list of them each
/// second of film, its check, segments of two seconds, and content blocks with their hashes.
enum FrameLogBench {
    private static let framesPerSegment = 60
    private static let ticksPerFrame: UInt64 = 3_000

    static func run(for time: Duration, into report: Report) throws {
        let frames = film()
        var log = try Log()
        let began = SystemTime.monotonic
        while SystemTime.monotonic - began < time {
            for (index, frame) in frames.enumerated() { try log.add(frame, isFirst: index == 0) }
        }
        try log.finish()
        let seconds = (SystemTime.monotonic - began) / .seconds(1)
        report.row("framelog.rate", Double(log.plainBytes) / seconds / 1e6, "MB/s on one core")
        report.row("framelog.frames", Double(log.frameCount) / seconds, "frames/s")
        report.fact(
            "framelog.frame", "AES-256-GCM SFrame, VP8, 1.2 KB to 20 KB, mean \(log.plainBytes / log.frameCount) bytes")
        report.fact("framelog.written", "\(log.segmentCount) segments, \(log.blockCount) content blocks")
    }

    /// Two seconds of made-up frames, a key frame first.
    private static func film() -> [[UInt8]] {
        (0..<framesPerSegment).map { index in
            let size = index == 0 ? 20_000 : 1_200 + index * 7_919 % 18_800
            let head: [UInt8] = index == 0 ? [0x10, 0, 0, 0x9d, 1, 0x2a, 16, 0, 16, 0] : [0x11, 0, 0]
            return head + SecureRandom.bytes(count: size - head.count)
        }
    }

    private struct Log {
        private(set) var plainBytes = 0
        private(set) var frameCount = 0
        private(set) var segmentCount = 0
        private(set) var blockCount = 0
        private let chain = ChainID(raw: SHA256.hash([1]).raw)
        private let signer = SigningKey.generate()
        private let verifier = SignatureVerifier()
        private let track: UInt8 = MediaCodec.vp8.rawValue
        private var collector: LeafCollector
        private var builder: SegmentBuilder
        private var segment: UInt32 = 0
        private var key: MediaKeyID?
        private var sealer: FrameSealer?
        private var hash = SHA256()

        init() throws {
            collector = LeafCollector(
                call: CallID(raw: SHA256.hash([2]).raw), rosterEpoch: RosterEpoch(1), sender: 1, track: track)
            builder = SegmentBuilder(
                recording: RecordingID(raw: SHA256.hash([3]).raw), sender: signer.publicKey,
                consent: TransactionID(raw: SHA256.hash([4]).raw), kind: .video)
        }

        mutating func add(_ plain: [UInt8], isFirst: Bool) throws {
            if isFirst { try turn() }
            guard let key, let sealer else { return }
            let timestamp = UInt64(frameCount) * ticksPerFrame
            let milliseconds = timestamp / 90
            let frame = RecordedFrame(
                timestamp: timestamp, clearByteCount: UInt8(MediaCodec.vp8.clearByteCount(of: plain)),
                bytes: try sealer.seal(plain))
            let list = collector.add(
                frame.leaf(track: track, with: &hash), timestamp: UInt32(truncatingIfNeeded: timestamp),
                at: Timestamp(1 + milliseconds))
            if let list { try take(list) }
            try keep(builder.add(frame, key: key, milliseconds: milliseconds, with: &hash))
            plainBytes += plain.count
            frameCount += 1
        }

        mutating func finish() throws {
            if let list = collector.flush() { try take(list) }
            try keep(builder.finish(with: &hash))
        }

        /// The next segment, under a key of its own.
        private mutating func turn() throws {
            let next = MediaKeyID(
                rosterEpoch: RosterEpoch(1), sender: 1, track: track, segment: segment % (MediaKeyID.segmentMax + 1))
            guard let next else { throw BenchError("no key id") }
            segment += 1
            key = next
            sealer = try FrameSealer(codec: .vp8, keyID: next, baseKey: SecureRandom.bytes(count: 32))
        }

        private mutating func take(_ list: LeafList) throws {
            let signed = try SignedLeafList(signer.sign(.leafList, chain: chain, body: list.encoded))
            guard let verified = verifier.verified(signed, in: chain) else { throw BenchError("a list did not verify") }
            try keep(builder.receive(verified, with: &hash))
        }

        private mutating func keep(_ segments: [Segment]) throws {
            for segment in segments {
                segmentCount += 1
                blockCount += try ContentBlocks.cut(segment.encoded, with: &hash).count
            }
        }
    }
}
