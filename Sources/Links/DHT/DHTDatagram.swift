/// A datagram between DHT nodes: kind u8, version u8, receiver's session u32, and what Noise made.
///
/// - 0x01 opens a handshake: no receiver, the sender's session u32, Noise message one, zeros up to 400 bytes, so that
///   the answer is never larger than the question.
/// - 0x02 answers it: receiver's session, the sender's session u32, Noise message two.
/// - 0x03 carries a sealed message: receiver's session, counter, ciphertext, tag.
package enum DHTDatagram: Equatable {
    case opening(session: UInt32, noise: [UInt8])
    case answer(receiver: UInt32, session: UInt32, noise: [UInt8])
    case sealed(receiver: UInt32, content: [UInt8])

    static let version: UInt8 = 1
    static let byteCountMax = 1_200
    /// Every opening has this length, in bytes.
    static let openingByteCount = 400
    /// Noise message one with a member id as payload.
    static let openingNoiseByteCount = 96 + 32

    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= 6, bytes.count <= Self.byteCountMax, bytes[1] == Self.version else { return nil }
        func number(_ start: Int) -> UInt32 { bytes[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) } }
        switch bytes[0] {
        case 0x01:
            guard bytes.count == Self.openingByteCount else { return nil }
            self = .opening(session: number(2), noise: Array(bytes[6..<6 + Self.openingNoiseByteCount]))
        case 0x02:
            guard bytes.count >= 10 else { return nil }
            self = .answer(receiver: number(2), session: number(6), noise: Array(bytes[10...]))
        case 0x03: self = .sealed(receiver: number(2), content: Array(bytes[6...]))
        default: return nil
        }
    }

    package var bytes: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(Self.byteCountMax)
        func append(_ number: UInt32) {
            for shift in stride(from: 24, through: 0, by: -8) {
                output.append(UInt8(truncatingIfNeeded: number >> UInt32(shift)))
            }
        }
        switch self {
        case .opening(let session, let noise):
            output += [0x01, Self.version]
            append(session)
            output += noise
            output += [UInt8](repeating: 0, count: max(0, Self.openingByteCount - output.count))
        case .answer(let receiver, let session, let noise):
            output += [0x02, Self.version]
            append(receiver)
            append(session)
            output += noise
        case .sealed(let receiver, let content):
            output += [0x03, Self.version]
            append(receiver)
            output += content
        }
        return output
    }
}
