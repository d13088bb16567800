package import Primitives
package import Wire

/// One encrypted frame as it went over the wire: clear codec bytes, then the SFrame header, ciphertext and tag.
///
/// In a segment it is the array `[timestamp, clear, bytes]`.
package struct RecordedFrame: WireObject, Hashable {
    /// In ticks of the track's kind, without wrap-around; its low 32 bits were the RTP timestamp.
    package let timestamp: UInt64
    /// How many leading bytes are clear.
    package let clearByteCount: UInt8
    package let bytes: [UInt8]

    package init(timestamp: UInt64, clearByteCount: UInt8, bytes: [UInt8]) {
        self.timestamp = timestamp
        self.clearByteCount = clearByteCount
        self.bytes = bytes
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let start = reader.offset
        guard try reader.arrayHeader(max: 3) == 3 else { throw .unexpectedType(at: start) }
        timestamp = try reader.unsigned()
        clearByteCount = UInt8(try reader.unsigned(max: UInt64(RecordingLimits.clearBytes)))
        bytes = try reader.byteString(max: RecordingLimits.frameBytes)
        guard bytes.count > Int(clearByteCount) else { throw .badValue(field: "frames") }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 3)
        writer.unsigned(timestamp)
        writer.unsigned(UInt64(clearByteCount))
        writer.byteString(bytes)
    }

    /// What the sender signs of this frame.
    package func leaf(track: UInt8, with hash: inout some Hashing) -> Digest {
        FrameLeaf.digest(
            track: track, timestamp: UInt32(truncatingIfNeeded: timestamp), clearByteCount: clearByteCount,
            frame: bytes.span, with: &hash)
    }
}
