import Media
import MediaEndpoint
import Primitives
import Testing

@Suite struct FrameCipherTests {
    private let keyID = MediaKeyID(rawValue: 0x0001_0020_1000_0003)
    private let key = [UInt8](repeating: 9, count: 32)
    /// A VP8 key frame and a delta frame, as far as their first bytes say so, and a sound.
    static let frames: [(MediaCodec, [UInt8], Int)] = [
        (.vp8, [0x10] + (1..<60).map { UInt8($0) }, 10), (.vp8, [0x11] + (1..<60).map { UInt8($0) }, 3),
        (.opus, (0..<40).map { UInt8($0) }, 0), (.vp8, [0x11, 1, 2], 3), (.opus, [], 0),
    ]

    @Test("the clear bytes stand in front as they are, and the rest opens again", arguments: frames)
    func roundTrip(codec: MediaCodec, frame: [UInt8], clear: Int) throws {
        let sealer = try FrameSealer(codec: codec, keyID: keyID, baseKey: key)
        let opener = FrameOpener()
        try opener.add(keyID: keyID, baseKey: key)
        let sealed = try sealer.seal(frame)
        #expect(sealed.starts(with: frame[..<clear]))
        #expect(sealed.count > frame.count + 16)
        #expect(try opener.open(sealed, codec: codec) == frame)
    }

    @Test("every flipped byte, clear ones too, and every cut is refused", arguments: frames)
    func tampering(codec: MediaCodec, frame: [UInt8], clear: Int) throws {
        let opener = FrameOpener()
        try opener.add(keyID: keyID, baseKey: key)
        let sealed = try FrameSealer(codec: codec, keyID: keyID, baseKey: key).seal(frame)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: PipelineError.self) { try opener.open(changed, codec: codec) }
            #expect(throws: PipelineError.self) { try opener.open(Array(sealed[..<index]), codec: codec) }
        }
        #expect(try opener.open(sealed, codec: codec) == frame)
    }

    @Test("a picture shorter than its clear bytes is refused", arguments: [[0x11], [0x11, 1], [0x10, 1, 2], []])
    func tooShort(frame: [UInt8]) throws {
        let sealer = try FrameSealer(codec: .vp8, keyID: keyID, baseKey: key)
        #expect(throws: PipelineError.media(.truncated)) { try sealer.seal(frame) }
    }

    @Test("a frame opens once, and none that is older opens after it")
    func replay() throws {
        let sealer = try FrameSealer(codec: .opus, keyID: keyID, baseKey: key)
        let opener = FrameOpener()
        try opener.add(keyID: keyID, baseKey: key)
        let (first, second) = (try sealer.seal([1]), try sealer.seal([2]))
        #expect(try opener.open(second, codec: .opus) == [2])
        #expect(throws: PipelineError.refusedFrame) { try opener.open(second, codec: .opus) }
        #expect(throws: PipelineError.refusedFrame) { try opener.open(first, codec: .opus) }
        // Adding the key again is no way around it.
        try opener.add(keyID: keyID, baseKey: key)
        #expect(throws: PipelineError.refusedFrame) { try opener.open(first, codec: .opus) }
    }

    @Test("without its key a frame stays closed, and a removed key opens nothing")
    func keys() throws {
        let sealed = try FrameSealer(codec: .opus, keyID: keyID, baseKey: key).seal([1])
        let opener = FrameOpener()
        #expect(throws: PipelineError.unknownKey) { try opener.open(sealed, codec: .opus) }
        try opener.add(keyID: keyID, baseKey: [UInt8](repeating: 8, count: 32))
        #expect(throws: PipelineError.refusedFrame) { try opener.open(sealed, codec: .opus) }
        opener.remove(keyID: keyID)
        #expect(throws: PipelineError.unknownKey) { try opener.open(sealed, codec: .opus) }
    }

    @Test("beyond the limit the oldest key is forgotten")
    func keyLimit() throws {
        let opener = FrameOpener()
        for segment in 0...UInt64(FrameOpener.keyCountMax) {
            try opener.add(keyID: MediaKeyID(rawValue: segment), baseKey: key)
        }
        let oldest = try FrameSealer(codec: .opus, keyID: MediaKeyID(rawValue: 0), baseKey: key).seal([1])
        let second = try FrameSealer(codec: .opus, keyID: MediaKeyID(rawValue: 1), baseKey: key).seal([1])
        #expect(throws: PipelineError.unknownKey) { try opener.open(oldest, codec: .opus) }
        #expect(try opener.open(second, codec: .opus) == [1])
    }
}
