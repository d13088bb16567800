/// Reads the frames of one block: RFC 9559 section 10, with all three kinds of lacing.
enum WebMBlock {
    /// Frames in one block at most, as the format has it.
    static let laceCountMax = 256

    /// Turns a block's time into microseconds.
    struct TimeBase {
        let clusterTimestamp: UInt64
        /// Nanoseconds of one tick.
        let scale: UInt64

        func microseconds(relative: Int16) throws(MediaError) -> Int64 {
            guard let base = Int64(exactly: clusterTimestamp), let scale = Int64(exactly: scale) else {
                throw .badValue
            }
            let (ticks, tooFar) = base.addingReportingOverflow(Int64(relative))
            let (nanoseconds, tooLong) = ticks.multipliedReportingOverflow(by: scale)
            guard !tooFar, !tooLong else { throw .badValue }
            return nanoseconds / 1_000
        }
    }

    /// The frames of one block; none when its track is of no known codec.
    static func frames(
        in bytes: [UInt8], _ body: Range<Int>, isSimple: Bool, isReferencing: Bool = false, discard: Int64,
        clock: TimeBase, tracks: [WebMTrack]
    ) throws(MediaError) -> [WebMFrame] {
        guard let (number, length) = try EBML.number(in: bytes, at: body.lowerBound, end: body.upperBound) else {
            throw .truncated
        }
        var cursor = ByteCursor(bytes, body.lowerBound + length..<body.upperBound)
        let relative = Int16(bitPattern: try cursor.uint16())
        let flags = try cursor.byte()
        guard let track = tracks.first(where: { $0.number == number }) else { throw .badValue }
        guard track.codec != nil else { return [] }
        let isKeyFrame = isSimple ? flags & 0x80 != 0 : !isReferencing
        let ranges = try laced(flags >> 1 & 3, bytes, &cursor)
        var timestamp = try clock.microseconds(relative: relative)
        var frames: [WebMFrame] = []
        for (index, range) in ranges.enumerated() {
            let isLast = index == ranges.count - 1
            let frame = WebMFrame(
                track: number, timestamp: timestamp, isKeyFrame: isKeyFrame, discardPadding: isLast ? discard : 0,
                bytes: Array(bytes[range]))
            frames.append(frame)
            if !isLast { timestamp += try duration(of: frame, track: track) }
        }
        return frames
    }

    /// Microseconds of one frame inside a lace.
    private static func duration(of frame: WebMFrame, track: WebMTrack) throws(MediaError) -> Int64 {
        if track.codec == .opus, let samples = OpusPacket.sampleCount(of: frame.bytes) {
            return Int64(samples) * 1_000 / 48
        }
        guard let nanoseconds = track.defaultDuration, nanoseconds < 1 << 50 else { throw .unsupported }
        return Int64(nanoseconds / 1_000)
    }

    private static func laced(
        _ kind: UInt8, _ bytes: [UInt8], _ cursor: inout ByteCursor
    ) throws(MediaError) -> [Range<Int>] {
        if kind == 0 { return [try cursor.range(cursor.remaining)] }
        let count = Int(try cursor.byte()) + 1
        var sizes: [Int] = []
        switch kind {
        case 1:
            for _ in 1..<count {
                var size = 0
                var part: UInt8
                repeat {
                    part = try cursor.byte()
                    size += Int(part)
                } while part == 255
                sizes.append(size)
            }
        case 3:
            for index in 0..<count - 1 {
                guard let (value, length) = try EBML.number(in: bytes, at: cursor.offset, end: cursor.end) else {
                    throw .truncated
                }
                _ = try cursor.range(length)
                guard value < 1 << 32 else { throw .badLength }
                let bias = index == 0 ? 0 : 1 << (7 * length - 1) - 1
                sizes.append((sizes.last ?? 0) + Int(value) - bias)
            }
        default:
            guard cursor.remaining % count == 0 else { throw .badLength }
            sizes = Array(repeating: cursor.remaining / count, count: count - 1)
        }
        var ranges: [Range<Int>] = []
        for size in sizes { ranges.append(try cursor.range(size)) }
        ranges.append(try cursor.range(cursor.remaining))
        // Empty frames would turn a few bytes into hundreds of frames.
        guard ranges.allSatisfy({ !$0.isEmpty }) else { throw .badLength }
        return ranges
    }
}
