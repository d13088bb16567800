import Foundation
import Media
import Testing

/// Everything a reader says about `file`, fed in chunks of `chunk` bytes.
func readWebM(_ file: [UInt8], chunk: Int = 4_096) throws -> (
    tracks: [WebMTrack], frames: [WebMFrame], duration: UInt64?
) {
    var reader = WebMReader()
    var tracks: [WebMTrack] = []
    var frames: [WebMFrame] = []
    var duration: UInt64?
    for start in stride(from: 0, to: file.count, by: chunk) {
        for event in try reader.receive(Array(file[start..<min(start + chunk, file.count)])) {
            switch event {
            case .tracks(let list): tracks = list
            case .frame(let frame): frames.append(frame)
            case .duration(let value): duration = value
            }
        }
    }
    try reader.finish()
    return (tracks, frames, duration)
}

/// `frames` as a file of `mode`, patches applied.
func writeWebM(_ tracks: [WebMTrack], _ frames: [WebMFrame], _ mode: WebMWriter.Mode) throws -> [UInt8] {
    var writer = try WebMWriter(tracks: tracks, mode: mode)
    var file = writer.start()
    for frame in frames { file += try writer.write(frame) }
    let (tail, patches) = writer.finish()
    file += tail
    for patch in patches {
        file.replaceSubrange(Int(patch.offset)..<Int(patch.offset) + patch.bytes.count, with: patch.bytes)
    }
    return file
}

@Suite struct WebMTests {
    @Test("WM-1: what ffmpeg wrote is read, whatever the size of the chunks", arguments: [1, 7, 100, 4_096])
    func reads(chunk: Int) throws {
        let (tracks, frames, duration) = try readWebM(TinyWebM.bytes, chunk: chunk)
        #expect(tracks.map(\.codec) == [.vp8, .opus])
        #expect(tracks[0].kind == .vp8(width: 16, height: 16))
        guard case .opus(let head) = tracks[1].kind else { throw MediaError.unsupported }
        #expect(head.preSkip == 312)
        #expect(head.channelCount == 1)
        #expect(duration == 208_000)
        let pictures = frames.filter { $0.track == 1 }
        #expect(pictures.map(\.timestamp) == [7_000, 47_000, 87_000, 127_000, 167_000])
        #expect(pictures.map(\.isKeyFrame) == [true, false, false, true, false])
        #expect(pictures.allSatisfy { VP8FrameHeader.isKeyFrame($0.bytes) == $0.isKeyFrame })
        let sounds = frames.filter { $0.track == 2 }
        #expect(sounds.count == 11)
        #expect(sounds.allSatisfy { OpusPacket.sampleCount(of: $0.bytes) == 960 })
        #expect(sounds.map(\.discardPadding).filter { $0 != 0 } == [13_500_000])
    }

    @Test("WM-2: what was read and written again has the same frames", arguments: [WebMWriter.Mode.file, .stream])
    func roundTrip(mode: WebMWriter.Mode) throws {
        let (tracks, frames, _) = try readWebM(TinyWebM.bytes)
        let again = try writeWebM(tracks, frames, mode)
        let (tracksAgain, framesAgain, duration) = try readWebM(again, chunk: 33)
        #expect(tracksAgain == tracks)
        #expect(framesAgain == frames)
        #expect((duration != nil) == (mode == .file))
        #expect(try writeWebM(tracks, frames, mode) == again)
    }

    @Test("WM-3: a prefix is incomplete or refused, never a crash and never complete")
    func prefixes() throws {
        for count in 0..<TinyWebM.bytes.count {
            #expect(throws: MediaError.self) { _ = try readWebM(Array(TinyWebM.bytes[..<count])) }
        }
    }

    @Test("WM-3: flipped bytes never crash and never make more frames than there are bytes")
    func flips() {
        for index in TinyWebM.bytes.indices {
            for mask in [0x01, 0x10, 0x80, 0xff] as [UInt8] {
                var bytes = TinyWebM.bytes
                bytes[index] ^= mask
                guard let (_, frames, _) = try? readWebM(bytes) else { continue }
                #expect(frames.reduce(0) { $0 + $1.bytes.count } <= bytes.count)
            }
        }
    }

    @Test("WM-3: random bytes behind a good head never crash")
    func noise() throws {
        var random = SeededGenerator(7)
        let head = try WebMWriter.opening()
        for _ in 0..<500 {
            var reader = WebMReader(limits: .init(blockByteCountMax: 1_000))
            _ = try? reader.receive(head + random.bytes(200))
        }
    }

    @Test("WM-4: a block above the limit is refused before it is held")
    func blockLimit() throws {
        var reader = WebMReader(limits: .init(blockByteCountMax: 1_000))
        let head = try WebMWriter.opening()
        #expect(throws: MediaError.limitExceeded(limit: 1_000)) {
            _ = try reader.receive(head + [0xa3, 0x10, 0x00, 0x10, 0x00])
        }
    }

    @Test("WM-4: a void element of any size is skipped without being held")
    func hugeVoid() throws {
        var reader = WebMReader()
        _ = try reader.receive(try WebMWriter.opening() + [0xec, 0x08, 0xff, 0xff, 0xff, 0xff])
        for _ in 0..<10 { #expect(try reader.receive(Array(repeating: 0xa3, count: 100_000)).isEmpty) }
        #expect(throws: MediaError.truncated) { try reader.finish() }
    }

    @Test(
        "WM-5: laced blocks give their frames, each after the one before",
        arguments: [
            ("Xiph", [0x82, 0x00, 0x0a, 0x82, 0x02, 0x02, 0x01, 0xf8, 0x01, 0xf8, 0xf8, 0x02, 0x03] as [UInt8]),
            ("EBML", [0x82, 0x00, 0x0a, 0x86, 0x02, 0x82, 0xbe, 0xf8, 0x01, 0xf8, 0xf8, 0x02, 0x03]),
        ])
    func lacing(name: String, block: [UInt8]) throws {
        var reader = WebMReader()
        let events = try reader.receive(try WebMWriter.opening() + [0xa3, 0x80 | UInt8(block.count)] + block)
        let frames = events.compactMap { event -> WebMFrame? in
            guard case .frame(let frame) = event else { return nil }
            return frame
        }
        #expect(frames.map(\.bytes) == [[0xf8, 0x01], [0xf8], [0xf8, 0x02, 0x03]], "\(name)")
        #expect(frames.map(\.timestamp) == [10_000, 30_000, 50_000])
    }

    @Test(
        "WM-5: laced and empty frames are refused, and so is a lace that does not fit",
        arguments: [
            [0x82, 0x00, 0x00, 0x84, 0xff] as [UInt8], [0x82, 0x00, 0x00, 0x84, 0x01, 0xf8],
            [0x82, 0x00, 0x00, 0x82, 0x01, 0x05, 0xf8], [0x82, 0x00, 0x00, 0x86, 0x02, 0x81, 0x80, 0xf8],
        ])
    func badLacing(block: [UInt8]) throws {
        var reader = WebMReader()
        let bytes = try WebMWriter.opening() + [0xa3, 0x80 | UInt8(block.count)] + block
        #expect(throws: MediaError.self) { _ = try reader.receive(bytes) }
    }

    @Test("WM-6: a writer refuses what a reader could not place")
    func writerRefuses() throws {
        #expect(throws: MediaError.badValue) { try WebMWriter(tracks: [], mode: .file) }
        let track = WebMTrack(number: 1, kind: .vp8(width: 2, height: 2))
        #expect(throws: MediaError.badValue) { try WebMWriter(tracks: [track, track], mode: .file) }
        #expect(throws: MediaError.unsupported) {
            try WebMWriter(tracks: [WebMTrack(number: 1, kind: .other("S_TEXT"))], mode: .file)
        }
        var writer = try WebMWriter(tracks: [track], mode: .stream)
        _ = writer.start()
        for timestamp in [Int64.min, -31_000_000, Int64.max] {
            #expect(throws: MediaError.badValue) {
                try writer.write(WebMFrame(track: 1, timestamp: timestamp, isKeyFrame: true, bytes: [0]))
            }
        }
        #expect(throws: MediaError.badValue) {
            try writer.write(WebMFrame(track: 2, timestamp: 0, isKeyFrame: true, bytes: [0]))
        }
    }

    @Test("WM-6: times that jump far ahead and back again survive", arguments: [WebMWriter.Mode.file, .stream])
    func jumps(mode: WebMWriter.Mode) throws {
        let track = WebMTrack(number: 3, kind: .vp8(width: 2, height: 2))
        let times: [Int64] = [-7_000, 0, 4_000_000, 90_000_000, 89_000_000, 1_000_000, 7_200_000_000]
        let frames = times.map { WebMFrame(track: 3, timestamp: $0, isKeyFrame: false, bytes: [1, 2, 3]) }
        #expect(try readWebM(try writeWebM([track], frames, mode)).frames == frames)
    }

    @Test("OpusHead: every prefix is refused, and what decodes encodes to the same bytes")
    func opusHead() throws {
        let bytes = OpusHead(channelCount: 2, preSkip: 0x1234, inputRate: 16_000).encoded
        for count in bytes.indices {
            #expect(throws: MediaError.self) { try OpusHead(decoding: Array(bytes[..<count])) }
        }
        for index in bytes.indices where index != 8 {
            var flipped = bytes
            flipped[index] ^= 0x40
            if let head = try? OpusHead(decoding: flipped) { #expect(head.encoded == flipped) }
        }
    }
}

extension WebMWriter {
    /// A head with an Opus track numbered 2 and an open cluster of unknown size at time 0.
    static func opening() throws -> [UInt8] {
        var writer = try WebMWriter(tracks: [WebMTrack(number: 2, kind: .opus(OpusHead()))], mode: .stream)
        return writer.start() + [0x1f, 0x43, 0xb6, 0x75, 0xff, 0xe7, 0x81, 0x00]
    }
}
