internal import Crypto
internal import Fuzzing
internal import Media

/// What comes in packets and files of sound and pictures.
extension Decoder {
    static let media: [Decoder] = [
        Decoder("rtp", byteCountMax: 1_500) { bytes in
            guard let packet = try? RTPPacket(decoding: bytes) else { return }
            guard let again = try? RTPPacket(decoding: packet.encoded) else {
                return require(false, "an own packet is refused")
            }
            require(again == packet, "a packet changes when read again")
        },
        Decoder("rtcp", byteCountMax: 1_500) { bytes in
            _ = try? RTCPCompound.decode(bytes, allowsReducedSize: true)
            _ = try? RTCPCompound.decode(bytes, allowsReducedSize: false)
        },
        Decoder("vp8", byteCountMax: 1_500) { bytes in
            if let (_, start) = try? VP8Descriptor.decode(bytes) { require(start <= bytes.count, "beyond the payload") }
            _ = try? VP8FrameHeader(decoding: bytes)
        },
        Decoder("opus", byteCountMax: 1_500) { bytes in
            if let count = OpusPacket.sampleCount(of: bytes) {
                require((0...OpusPacket.sampleCountMax).contains(count), "too many samples")
            }
            _ = try? OpusHead(decoding: bytes)
        },
        // Cut into chunks by the first byte, since a file comes in pieces.
        Decoder("webm", byteCountMax: 16_384) { bytes in
            var reader = WebMReader()
            let size = max(1, Int(bytes.first ?? 1) * 16)
            for start in stride(from: 1, to: bytes.count, by: size) {
                let chunk = Array(bytes[start..<min(bytes.count, start + size)])
                guard (try? reader.receive(chunk)) != nil else { return }
            }
            try? reader.finish()
        },
        // Packets of one track, each after its length: loss, reordering and frames as they come.
        Decoder("media-track", byteCountMax: 4_096) { bytes in
            var rest = bytes[...]
            let codec: MediaCodec = (rest.popFirst() ?? 0) & 1 == 0 ? .vp8 : .opus
            var receiver = TrackReceiver(codec: codec, source: 0x0102_0304)
            var now: UInt64 = 1_000_000
            while let length = rest.popFirst() {
                let packet = Array(rest.prefix(Int(length)))
                rest = rest.dropFirst(Int(length))
                now += UInt64(length) * 500
                if let packet = try? RTPPacket(decoding: packet) {
                    _ = receiver.receive(packet, at: MediaInstant(microseconds: now))
                } else if let compound = try? RTCPCompound.decode(packet, allowsReducedSize: true) {
                    for case .senderReport(let report) in compound {
                        receiver.receive(report, at: MediaInstant(microseconds: now))
                    }
                }
                _ = receiver.advance(to: MediaInstant(microseconds: now))
            }
            _ = receiver.report(at: MediaInstant(microseconds: now))
        },
        Decoder("sframe-header", byteCountMax: 40) { bytes in _ = try? SFrameHeader(startOf: bytes) },
    ]
}
