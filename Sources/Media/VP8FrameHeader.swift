/// The uncompressed start of a VP8 frame, RFC 6386 section 9.1: what is known without decoding.
package struct VP8FrameHeader: Equatable, Sendable {
    package let isKeyFrame: Bool
    /// 0 through 3 in valid streams.
    package let version: UInt8
    package let isShown: Bool
    /// Set on a key frame only. Pixels, 14 bits.
    package let width: UInt16?
    package let height: UInt16?

    /// True when the clear byte says key frame: the lowest bit of the first byte is 0.
    package static func isKeyFrame(_ frame: [UInt8]) -> Bool {
        guard let first = frame.first else { return false }
        return first & 1 == 0
    }

    /// - Throws: `MediaError.truncated` for fewer than 3 bytes (10 on a key frame), `.badValue` for a wrong start code.
    package init(decoding frame: [UInt8]) throws(MediaError) {
        guard frame.count >= 3 else { throw .truncated }
        isKeyFrame = Self.isKeyFrame(frame)
        version = frame[0] >> 1 & 7
        isShown = frame[0] & 0x10 != 0
        guard isKeyFrame else {
            width = nil
            height = nil
            return
        }
        guard frame.count >= 10 else { throw .truncated }
        guard frame[3] == 0x9d, frame[4] == 0x01, frame[5] == 0x2a else { throw .badValue }
        width = (UInt16(frame[7]) << 8 | UInt16(frame[6])) & 0x3fff
        height = (UInt16(frame[9]) << 8 | UInt16(frame[8])) & 0x3fff
    }
}
