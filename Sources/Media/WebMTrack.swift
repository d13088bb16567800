/// A track of a WebM file.
package struct WebMTrack: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// Pixels, at least 1 by 1.
        case vp8(width: UInt32, height: UInt32)
        case opus(OpusHead)
        /// A track that is listed and whose frames are passed over; the codec id as the file gives it.
        case other(String)
    }

    /// Counts from 1.
    package let number: UInt64
    package let kind: Kind
    /// Nanoseconds that a player takes off each timestamp: the encoder's lead-in. Opus only.
    package let codecDelay: UInt64
    /// Nanoseconds between frames, where the file says.
    package let defaultDuration: UInt64?

    package init(number: UInt64, kind: Kind, codecDelay: UInt64? = nil, defaultDuration: UInt64? = nil) {
        self.number = number
        self.kind = kind
        self.defaultDuration = defaultDuration
        if let codecDelay {
            self.codecDelay = codecDelay
        } else if case .opus(let head) = kind {
            self.codecDelay = head.codecDelay
        } else {
            self.codecDelay = 0
        }
    }

    package var codec: MediaCodec? {
        switch kind {
        case .vp8: .vp8
        case .opus: .opus
        case .other: nil
        }
    }
}

/// One frame of a WebM file.
package struct WebMFrame: Equatable, Sendable {
    /// `WebMTrack.number`.
    package let track: UInt64
    /// Microseconds from the file's start, before `WebMTrack.codecDelay` is taken off.
    package let timestamp: Int64
    package let isKeyFrame: Bool
    /// Nanoseconds of decoded sound to throw away: from the end, or from the start when negative. 0 for none.
    package let discardPadding: Int64
    package let bytes: [UInt8]

    package init(track: UInt64, timestamp: Int64, isKeyFrame: Bool, discardPadding: Int64 = 0, bytes: [UInt8]) {
        self.track = track
        self.timestamp = timestamp
        self.isKeyFrame = isKeyFrame
        self.discardPadding = discardPadding
        self.bytes = bytes
    }
}
