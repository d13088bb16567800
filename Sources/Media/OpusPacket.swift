/// What the first bytes of an Opus packet tell, RFC 6716 section 3.1. Needs the packet in clear.
package enum OpusPacket {
    /// The longest packet holds 120 ms.
    package static let sampleCountMax = 5_760

    /// Samples at 48 kHz in the packet, or nil when it is empty, longer than 120 ms, or lacks its count byte.
    package static func sampleCount(of packet: [UInt8]) -> Int? {
        guard let toc = packet.first else { return nil }
        let configuration = Int(toc >> 3)
        let frame: Int
        switch configuration {
        case 0..<12: frame = [480, 960, 1_920, 2_880][configuration & 3]
        case 12..<16: frame = [480, 960][configuration & 1]
        default: frame = [120, 240, 480, 960][configuration & 3]
        }
        let frameCount: Int
        switch toc & 3 {
        case 0: frameCount = 1
        case 1, 2: frameCount = 2
        default:
            guard packet.count > 1 else { return nil }
            frameCount = Int(packet[1] & 0x3f)
        }
        let total = frame * frameCount
        return total > 0 && total <= sampleCountMax ? total : nil
    }

    /// A packet of at most two bytes carries no sound: the sender is silent (DTX, RFC 7587 section 3.1.3).
    package static func isSilence(_ packet: [UInt8]) -> Bool { packet.count <= 2 }
}
