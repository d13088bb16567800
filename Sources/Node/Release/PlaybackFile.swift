package import Media
import Primitives
import Recording

/// Writes what a player opens into one WebM file, frame for frame: a track for each track of each sender, sound and
/// pictures. Chat has no place in it and is passed over.
package struct PlaybackFile: Sendable {
    /// Stands for a picture's size where the first group has no key frame of its track.
    package static let unknownSize: (width: UInt32, height: UInt32) = (640, 480)

    private var writer: WebMWriter?
    private var numbers: [PlayedTrack: UInt64] = [:]
    /// Frames that were written.
    package private(set) var frameCount = 0

    package init() {}

    /// The bytes to append to the file now.
    /// - Throws: `PlaybackError.file` when the recording has no sound and no picture, or more tracks than WebM
    ///   can number.
    package mutating func write(_ group: PlayedGroup) throws(PlaybackError) -> [UInt8] {
        do throws(MediaError) {
            var output: [UInt8] = []
            if writer == nil { output += try begin(group) }
            for frame in group.frames {
                let track = PlayedTrack(sender: frame.sender, id: frame.track, kind: frame.kind)
                guard let number = numbers[track] else { continue }
                let isKeyFrame = frame.kind == .audio || VP8FrameHeader.isKeyFrame(frame.bytes)
                output +=
                    try writer?.write(
                        WebMFrame(
                            track: number, timestamp: Int64(clamping: frame.microseconds), isKeyFrame: isKeyFrame,
                            bytes: frame.bytes)) ?? []
                frameCount += 1
            }
            return output
        } catch {
            throw .file
        }
    }

    /// The last bytes, and what to write over earlier ones.
    package mutating func finish() -> (tail: [UInt8], patches: [WebMWriter.Patch]) {
        writer?.finish() ?? ([], [])
    }

    private mutating func begin(_ group: PlayedGroup) throws(MediaError) -> [UInt8] {
        var tracks: [WebMTrack] = []
        for track in group.tracks where track.kind != .chat {
            let number = UInt64(tracks.count + 1)
            numbers[track] = number
            let kind: WebMTrack.Kind
            if track.kind == .audio {
                kind = .opus(OpusHead())
            } else {
                let size = Self.size(of: track, in: group) ?? Self.unknownSize
                kind = .vp8(width: size.width, height: size.height)
            }
            tracks.append(WebMTrack(number: number, kind: kind))
        }
        var made = try WebMWriter(tracks: tracks, mode: .file)
        let head = made.start()
        writer = made
        return head
    }

    private static func size(of track: PlayedTrack, in group: PlayedGroup) -> (width: UInt32, height: UInt32)? {
        for frame in group.frames where frame.sender == track.sender && frame.track == track.id {
            guard let header = try? VP8FrameHeader(decoding: frame.bytes), let width = header.width,
                let height = header.height, width > 0, height > 0
            else { continue }
            return (UInt32(width), UInt32(height))
        }
        return nil
    }
}
