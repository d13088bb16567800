package import Media
package import Primitives
package import Recording

/// What a call to ``MediaPipeline`` can fail with.
package enum PipelineError: Error, Sendable, Equatable {
    /// No key could be made of these bytes, or its counters are used up.
    case badKey
    /// A key id that does not rise, or of another track than before: its counter could start anew.
    case keyIDReused
    /// There is no sending key for the codec yet.
    case noKey
    /// A frame came under a key we do not hold (yet).
    case unknownKey
    /// A frame is not authentic, or came a second time.
    case refusedFrame
    case media(MediaError)
}

/// A frame that came whole and in order.
package struct ReceivedFrame: Sendable, Equatable {
    package let codec: MediaCodec
    /// SSRC.
    package let source: UInt32
    /// RTP time without wrap-around, in units of the codec's clock.
    package let timestamp: UInt64
    package let isKeyFrame: Bool
    /// As it travelled: what is recorded and what the sender's frame proofs are about.
    package let sealed: [UInt8]
    /// Nil when no key we hold opens it.
    package let plain: [UInt8]?
    /// When it was whole, by our monotonic clock.
    package let arrival: MediaInstant
}

/// A frame as it was sent: what its sender records and signs.
package struct SentFrame: Sendable, Equatable {
    package let codec: MediaCodec
    package let keyID: MediaKeyID
    /// In ticks of the codec's clock; its low 32 bits are the RTP timestamp.
    package let timestamp: UInt64
    /// Media time, as it was given.
    package let microseconds: UInt64
    package let isKeyFrame: Bool
    package let clearByteCount: UInt8
    /// Clear bytes, SFrame header, ciphertext, tag.
    package let sealed: [UInt8]
}

/// What a pipeline tells, on the loop's thread.
package enum PipelineEvent: Sendable, Equatable {
    case frame(ReceivedFrame)
    case sent(SentFrame)
    /// Our own list of the last frames, as it was sent.
    case signed(SignedLeafList)
    /// The other side asks our encoder for a key frame.
    case keyFrameRequested
    /// Round trip in microseconds, and the loss that the other side saw in the last interval, in 1/256.
    case measured(codec: MediaCodec, roundTrip: UInt64, fractionLost: UInt8)
}

/// Counters since the start; they only grow.
package struct PipelineStatistics: Sendable, Equatable {
    package var sentFrameCount = 0
    package var receivedFrameCount = 0
    /// Whole frames under a key we do not hold.
    package var unknownKeyFrameCount = 0
    /// Whole frames that were not authentic, or repeated.
    package var refusedFrameCount = 0
    /// Packets that are no RTP or RTCP, of unknown type, or of one source too many.
    package var refusedPacketCount = 0
    package var resentPacketCount = 0
    package var requestedPacketCount = 0
    package var requestedKeyFrameCount = 0

    package init() {}
}
