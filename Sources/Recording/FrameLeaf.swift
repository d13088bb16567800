package import Primitives

/// What a sender signs of a frame, so that members who share its keys cannot pass off frames of their own as its.
///
/// SHA-256 of, in this order: track (1 byte), RTP timestamp (4, big-endian), count of clear bytes (1), and the frame as
/// it is sent: clear bytes, SFrame header, ciphertext, tag. The tag alone would prove nothing, since whoever holds the
/// key can find another frame with that tag.
package enum FrameLeaf {
    /// - Parameter timestamp: as the sender put it on the wire.
    package static func digest(
        track: UInt8, timestamp: UInt32, clearByteCount: UInt8, frame: Span<UInt8>, with hash: inout some Hashing
    ) -> Digest {
        let head: [UInt8] = [
            track, UInt8(truncatingIfNeeded: timestamp >> 24), UInt8(truncatingIfNeeded: timestamp >> 16),
            UInt8(truncatingIfNeeded: timestamp >> 8), UInt8(truncatingIfNeeded: timestamp), clearByteCount,
        ]
        hash.update(head.span)
        hash.update(frame)
        return hash.finish()
    }
}
