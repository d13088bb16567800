/// Puts frames together again from RTP packets that come in order, and says when a key frame is needed to go on.
///
/// Feed it what `ReorderBuffer` releases: packets in sequence, and gaps where packets were given up.
package struct FrameAssembler: Equatable, Sendable {
    /// A frame above this is dropped and counts as lost, in bytes.
    package static let frameByteCountMax = FramePacketizer.frameByteCountMax

    /// A whole frame, still encrypted.
    package struct Frame: Equatable, Sendable {
        package let bytes: [UInt8]
        /// RTP time without wrap-around; its low 32 bits are the timestamp on the wire.
        package let timestamp: UInt64
        /// By the clear byte of VP8; always true of Opus.
        package let isKeyFrame: Bool
        /// Sequence number (unwrapped) of the first packet.
        package let firstSequence: UInt64

        package init(bytes: [UInt8], timestamp: UInt64, isKeyFrame: Bool, firstSequence: UInt64) {
            self.bytes = bytes
            self.timestamp = timestamp
            self.isKeyFrame = isKeyFrame
            self.firstSequence = firstSequence
        }
    }

    package enum Output: Equatable, Sendable {
        case frame(Frame)
        /// Frames are missing: nothing is released until a key frame comes. Video only.
        case keyFrameNeeded
        /// A payload that is no VP8, or a frame above the limit.
        case malformed
    }

    private struct Partial: Equatable, Sendable {
        var bytes: [UInt8]
        let timestamp: UInt32
        let firstSequence: UInt64
    }

    package let codec: MediaCodec
    private var timestamps = Unwrapper<UInt32>()
    private var partial: Partial?
    /// Set at the start and after a loss.
    package private(set) var isWaitingForKeyFrame: Bool

    package init(codec: MediaCodec) {
        self.codec = codec
        isWaitingForKeyFrame = codec == .vp8
    }

    /// Packets were given up: the frame in hand is lost, and later ones may hang on it.
    package mutating func receiveGap() -> [Output] {
        partial = nil
        return lose()
    }

    /// Takes the next packet in sequence. Empty payloads (padding probes) change nothing.
    package mutating func receive(_ packet: RTPPacket, sequence: UInt64) -> [Output] {
        if packet.payload.isEmpty { return [] }
        switch codec {
        case .opus:
            let timestamp = timestamps.unwrap(packet.timestamp)
            return [
                .frame(Frame(bytes: packet.payload, timestamp: timestamp, isKeyFrame: true, firstSequence: sequence))
            ]
        case .vp8: return receiveVideo(packet, sequence: sequence)
        }
    }

    private mutating func receiveVideo(_ packet: RTPPacket, sequence: UInt64) -> [Output] {
        guard let (descriptor, start) = try? VP8Descriptor.decode(packet.payload), start < packet.payload.count else {
            partial = nil
            return [.malformed] + lose()
        }
        var outputs: [Output] = []
        if descriptor.startsFrame {
            if partial != nil { outputs += lose() }
            partial = Partial(bytes: [], timestamp: packet.timestamp, firstSequence: sequence)
        }
        guard var frame = partial, frame.timestamp == packet.timestamp else {
            partial = nil
            return outputs + lose()
        }
        guard frame.bytes.count + packet.payload.count - start <= Self.frameByteCountMax else {
            partial = nil
            return outputs + [.malformed] + lose()
        }
        partial = nil
        frame.bytes.append(contentsOf: packet.payload[start...])
        guard packet.marker else {
            partial = frame
            return outputs
        }
        return outputs + release(frame)
    }

    private mutating func release(_ frame: Partial) -> [Output] {
        let isKeyFrame = VP8FrameHeader.isKeyFrame(frame.bytes)
        let timestamp = timestamps.unwrap(frame.timestamp)
        if isKeyFrame { isWaitingForKeyFrame = false }
        if isWaitingForKeyFrame { return [.keyFrameNeeded] }
        return [
            .frame(
                Frame(
                    bytes: frame.bytes, timestamp: timestamp, isKeyFrame: isKeyFrame,
                    firstSequence: frame.firstSequence))
        ]
    }

    private mutating func lose() -> [Output] {
        guard codec == .vp8 else { return [] }
        isWaitingForKeyFrame = true
        return [.keyFrameNeeded]
    }
}
