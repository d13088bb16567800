/// The identification header of Opus, RFC 7845 section 5.1: what WebM keeps as codec private data.
///
/// ```
/// 0  "OpusHead"   8  version u8   9  channels u8   10 pre-skip u16le   12 input rate u32le   16 gain i16le
/// 18 mapping family u8, then a channel table unless it is 0
/// ```
package struct OpusHead: Equatable, Sendable {
    /// Header plus the largest channel table.
    package static let byteCountMax = 21 + 255
    /// A decoder needs this long to converge after a seek, in nanoseconds (RFC 7845 section 4.6).
    package static let seekPreRoll: UInt64 = 80_000_000

    /// 1 or more.
    package let channelCount: UInt8
    /// Samples at 48 kHz to throw away at the start.
    package let preSkip: UInt16
    /// Hertz before encoding; tells nothing about decoding.
    package let inputRate: UInt32
    /// dB in Q7.8.
    package let outputGain: Int16
    package let mappingFamily: UInt8
    /// Stream count, coupled count and channel mapping; empty for family 0.
    package let channelTable: [UInt8]

    /// A call's sound: family 0, no gain.
    package init(channelCount: UInt8 = 1, preSkip: UInt16 = 312, inputRate: UInt32 = 48_000) {
        self.channelCount = min(max(channelCount, 1), 2)
        self.preSkip = preSkip
        self.inputRate = inputRate
        outputGain = 0
        mappingFamily = 0
        channelTable = []
    }

    package init(decoding bytes: [UInt8]) throws(MediaError) {
        guard bytes.count <= Self.byteCountMax else { throw .limitExceeded(limit: UInt64(Self.byteCountMax)) }
        guard bytes.count >= 19 else { throw .truncated }
        guard bytes.starts(with: "OpusHead".utf8) else { throw .badValue }
        guard bytes[8] >> 4 == 0 else { throw .badVersion }
        channelCount = bytes[9]
        preSkip = UInt16(bytes[10]) | UInt16(bytes[11]) << 8
        inputRate = (12..<16).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[$1]) }
        outputGain = Int16(bitPattern: UInt16(bytes[16]) | UInt16(bytes[17]) << 8)
        mappingFamily = bytes[18]
        channelTable = Array(bytes[19...])
        guard channelCount > 0 else { throw .badValue }
        if mappingFamily == 0 {
            guard channelCount <= 2 else { throw .badValue }
            guard channelTable.isEmpty else { throw .badLength }
        } else {
            guard channelTable.count == 2 + Int(channelCount) else { throw .badLength }
        }
    }

    package var encoded: [UInt8] {
        var bytes = Array("OpusHead".utf8)
        bytes += [1, channelCount, UInt8(truncatingIfNeeded: preSkip), UInt8(preSkip >> 8)]
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: inputRate >> shift))
        }
        let gain = UInt16(bitPattern: outputGain)
        return bytes + [UInt8(truncatingIfNeeded: gain), UInt8(gain >> 8), mappingFamily] + channelTable
    }

    /// The pre-skip in nanoseconds.
    package var codecDelay: UInt64 { UInt64(preSkip) * 1_000_000_000 / 48_000 }
}
