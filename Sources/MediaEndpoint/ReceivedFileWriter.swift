internal import Media

/// Writes what one peer sends into a WebM stream: one picture and one sound track, opened frames only.
///
/// The picture's size is known only with its first key frame, so a file that shall hold pictures begins there; sound
/// from before waits, two seconds of it at most, the oldest goes first. A track's first frame stands where it arrived,
/// the others by their own timestamps.
package struct ReceivedFileWriter: Sendable {
    private static let videoTrack: UInt64 = 1
    private static let audioTrack: UInt64 = 2
    private static let waitingFrameCountMax = 100

    private struct Origin {
        let timestamp: UInt64
        let microseconds: Int64
    }

    private let expectsVideo: Bool
    private var writer: WebMWriter?
    private var start: MediaInstant?
    private var origins: [MediaCodec: Origin] = [:]
    private var sources: [MediaCodec: UInt32] = [:]
    private var waiting: [ReceivedFrame] = []

    /// - Parameter expectsVideo: false for a call of sound only.
    package init(expectsVideo: Bool) { self.expectsVideo = expectsVideo }

    /// The bytes to append to the file now.
    ///
    /// Frames that were not opened, and those of a second source of a codec, are passed over.
    /// - Throws: `.media`.
    package mutating func write(_ frame: ReceivedFrame) throws(PipelineError) -> [UInt8] {
        guard let plain = frame.plain, sources[frame.codec, default: frame.source] == frame.source else { return [] }
        sources[frame.codec] = frame.source
        do {
            if writer != nil { return try append(frame) }
            guard !expectsVideo || frame.codec == .vp8 else {
                if waiting.count == Self.waitingFrameCountMax { waiting.removeFirst() }
                waiting.append(frame)
                return []
            }
            guard frame.isKeyFrame else { return [] }
            var output = try begin(plain)
            let held = waiting
            waiting = []
            for earlier in held { output += try append(earlier) }
            return output + (try append(frame))
        } catch { throw .media(error) }
    }

    /// The last bytes.
    package mutating func finish() -> [UInt8] { writer?.finish().tail ?? [] }

    private mutating func begin(_ firstFrame: [UInt8]) throws(MediaError) -> [UInt8] {
        var tracks: [WebMTrack] = []
        if expectsVideo {
            let header = try VP8FrameHeader(decoding: firstFrame)
            let (width, height) = (UInt32(header.width ?? 1), UInt32(header.height ?? 1))
            tracks.append(
                WebMTrack(number: Self.videoTrack, kind: .vp8(width: max(1, width), height: max(1, height))))
        }
        tracks.append(WebMTrack(number: Self.audioTrack, kind: .opus(OpusHead())))
        var made = try WebMWriter(tracks: tracks, mode: .stream)
        let head = made.start()
        writer = made
        return head
    }

    private mutating func append(_ frame: ReceivedFrame) throws(MediaError) -> [UInt8] {
        guard let plain = frame.plain else { return [] }
        let start = start ?? frame.arrival
        self.start = start
        let origin =
            origins[frame.codec]
            ?? Origin(
                timestamp: frame.timestamp, microseconds: Int64(clamping: frame.arrival.microseconds(since: start)))
        origins[frame.codec] = origin
        let ticks = Int64(clamping: frame.timestamp) - Int64(clamping: origin.timestamp)
        let rate = Int64(frame.codec.clockRate)
        let elapsed = ticks / rate * 1_000_000 + ticks % rate * 1_000_000 / rate
        let track = frame.codec == .vp8 ? Self.videoTrack : Self.audioTrack
        return try writer?.write(
            WebMFrame(
                track: track, timestamp: max(0, origin.microseconds + elapsed), isKeyFrame: frame.isKeyFrame,
                bytes: plain)) ?? []
    }
}
