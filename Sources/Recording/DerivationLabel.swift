package import Primitives

/// The info bytes under which HKDF derives the keys of a recording. A core defines names; keys stay in the shell.
package enum DerivationLabel {
    /// A segment's SFrame base key, from the group's key: "sotto/1/segment-key", 0x00, track (1 byte), segment (4,
    /// big-endian). A pseudorandom function, not a ratchet, so that one segment's key opens no other.
    package static func segmentKey(track: UInt8, segment: UInt32) -> [UInt8] {
        let number = (0..<4).reversed().map { UInt8(truncatingIfNeeded: segment >> ($0 * 8)) }
        return Array("sotto/1/segment-key".utf8) + [0, track] + number
    }

    /// A recording's outer stream key, from the outer key of a rights epoch: "sotto/1/outer-stream", 0x00, recording
    /// (32 bytes). The stream number is the shard index.
    package static func outerStream(_ recording: RecordingID) -> [UInt8] {
        Array("sotto/1/outer-stream".utf8) + [0] + recording.bytes
    }
}
