/// The codecs of a call.
package enum MediaCodec: UInt8, Sendable, CaseIterable {
    case vp8 = 1
    case opus = 2

    /// Ticks of the RTP clock in one second: RFC 7741 section 6.1, RFC 7587 section 4.1.
    package var clockRate: UInt32 {
        switch self {
        case .vp8: 90_000
        case .opus: 48_000
        }
    }

    /// How many leading bytes of a frame stay clear for packetisers: 10 of a VP8 key frame, 3 of a delta frame, none
    /// of Opus; never more than there are.
    package func clearByteCount(of frame: [UInt8]) -> Int {
        switch self {
        case .vp8: min(frame.count, VP8FrameHeader.isKeyFrame(frame) ? 10 : 3)
        case .opus: 0
        }
    }
}
