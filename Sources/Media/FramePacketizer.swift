/// Cuts encoded frames into RTP payloads. A frame is opaque: clear codec bytes, then SFrame; only the clear bytes mean
/// anything here, and they all land in the first payload.
///
/// VP8 (RFC 7741): payloads of nearly equal size, each behind a descriptor with a 15-bit picture id, the first marked
/// as the start of partition 0. Opus (RFC 7587): one frame, one payload.
package struct FramePacketizer: Equatable, Sendable {
    /// Bytes of RTP payload, descriptor included, when nothing else is said: 1,100 leaves room in a 1,200-byte datagram
    /// for the RTP header, its extensions and the SRTP tag.
    package static let payloadByteCountDefault = 1_100
    /// The largest frame that is sent, in bytes.
    package static let frameByteCountMax = 1 << 20

    package let codec: MediaCodec
    package let payloadByteCountMax: Int
    private var pictureID: UInt16

    /// - Parameters:
    ///   - codec: which clear bytes and descriptors a payload has.
    ///   - payloadByteCountMax: at least 64; at most what fits `RTPPacket.byteCountMax`.
    ///   - pictureID: the first picture id, of which 15 bits count; random by RFC 7741.
    package init(codec: MediaCodec, payloadByteCountMax: Int = payloadByteCountDefault, pictureID: UInt16 = 0) {
        self.codec = codec
        self.payloadByteCountMax = min(max(payloadByteCountMax, 64), RTPPacket.byteCountMax - 100)
        self.pictureID = pictureID & VP8Descriptor.PictureID.longMax
    }

    /// The payloads of one frame, in order; the last one takes the marker of a video frame.
    /// - Throws: `MediaError.badLength` for an empty frame or an Opus frame above one payload,
    ///   `.limitExceeded` above `frameByteCountMax`.
    package mutating func payloads(of frame: [UInt8]) throws(MediaError) -> [[UInt8]] {
        guard !frame.isEmpty else { throw .badLength }
        guard frame.count <= Self.frameByteCountMax else { throw .limitExceeded(limit: UInt64(Self.frameByteCountMax)) }
        switch codec {
        case .vp8: return videoPayloads(of: frame)
        case .opus:
            guard frame.count <= payloadByteCountMax else { throw .badLength }
            return [frame]
        }
    }

    private mutating func videoPayloads(of frame: [UInt8]) -> [[UInt8]] {
        var descriptor = VP8Descriptor()
        descriptor.pictureID = .long(pictureID)
        pictureID = (pictureID + 1) & VP8Descriptor.PictureID.longMax
        let room = payloadByteCountMax - 4
        let count = (frame.count + room - 1) / room
        var payloads: [[UInt8]] = []
        payloads.reserveCapacity(count)
        var start = 0
        for index in 0..<count {
            let end = frame.count * (index + 1) / count
            descriptor.startsPartition = index == 0
            var payload: [UInt8] = []
            payload.reserveCapacity(end - start + 4)
            descriptor.append(to: &payload)
            payload.append(contentsOf: frame[start..<end])
            payloads.append(payload)
            start = end
        }
        return payloads
    }
}
