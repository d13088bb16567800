/// One RTP packet, RFC 3550 section 5.1.
///
/// ```
/// 0   V(2)=2 P X CC(4)
/// 1   M PT(7)
/// 2   sequence u16
/// 4   timestamp u32
/// 8   source (SSRC) u32
/// 12  contributors, 4 bytes each; extension: profile u16, words u16, words; payload; padding
/// ```
package struct RTPPacket: Equatable, Sendable {
    /// The largest packet that is read or built, in bytes: an Ethernet frame's worth.
    package static let byteCountMax = 1_500
    package static let headerByteCount = 12

    /// For video: this packet ends a frame. For audio: it begins a talk spurt.
    package var marker: Bool
    /// 0 through 127.
    package var payloadType: UInt8
    package var sequence: UInt16
    /// In units of the payload type's clock rate.
    package var timestamp: UInt32
    /// SSRC.
    package var source: UInt32
    /// CSRC list, at most 15.
    package var contributors: [UInt32]
    package var headerExtension: RTPHeaderExtension?
    package var payload: [UInt8]
    /// How many padding bytes followed, 0 for none. Their content is not kept.
    package var paddingByteCount: UInt8

    package init(
        marker: Bool, payloadType: UInt8, sequence: UInt16, timestamp: UInt32, source: UInt32, payload: [UInt8]
    ) {
        self.marker = marker
        self.payloadType = payloadType & 0x7f
        self.sequence = sequence
        self.timestamp = timestamp
        self.source = source
        self.payload = payload
        contributors = []
        headerExtension = nil
        paddingByteCount = 0
    }

    /// - Throws: `MediaError` for anything but one whole packet of at most `byteCountMax` bytes.
    package init(decoding input: [UInt8]) throws(MediaError) {
        guard input.count <= Self.byteCountMax else { throw .limitExceeded(limit: UInt64(Self.byteCountMax)) }
        var cursor = ByteCursor(input)
        let first = try cursor.byte()
        guard first >> 6 == 2 else { throw .badVersion }
        let second = try cursor.byte()
        marker = second & 0x80 != 0
        payloadType = second & 0x7f
        sequence = try cursor.uint16()
        timestamp = try cursor.uint32()
        source = try cursor.uint32()
        contributors = []
        for _ in 0..<first & 0x0f { contributors.append(try cursor.uint32()) }
        headerExtension = nil
        if first & 0x10 != 0 {
            let profile = try cursor.uint16()
            let words = Int(try cursor.uint16())
            headerExtension = RTPHeaderExtension(profile: profile, data: try cursor.bytes(words * 4))
        }
        paddingByteCount = 0
        var body = cursor.rest()
        if first & 0x20 != 0 {
            guard let count = body.last, count > 0, Int(count) <= body.count else { throw .badLength }
            paddingByteCount = count
            body.removeLast(Int(count))
        }
        payload = body
    }

    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerByteCount + payload.count + 32)
        let hasPadding: UInt8 = paddingByteCount > 0 ? 0x20 : 0
        let hasExtension: UInt8 = headerExtension != nil ? 0x10 : 0
        bytes.append(0x80 | hasPadding | hasExtension | UInt8(min(contributors.count, 15)))
        bytes.append((marker ? 0x80 : 0) | payloadType)
        bytes.appendBigEndian(sequence)
        bytes.appendBigEndian(timestamp)
        bytes.appendBigEndian(source)
        for contributor in contributors.prefix(15) { bytes.appendBigEndian(contributor) }
        if let headerExtension {
            bytes.appendBigEndian(headerExtension.profile)
            bytes.appendBigEndian(UInt16(headerExtension.data.count / 4))
            bytes.append(contentsOf: headerExtension.data)
        }
        bytes.append(contentsOf: payload)
        if paddingByteCount > 0 {
            bytes.append(contentsOf: repeatElement(0, count: Int(paddingByteCount) - 1))
            bytes.append(paddingByteCount)
        }
        return bytes
    }
}
