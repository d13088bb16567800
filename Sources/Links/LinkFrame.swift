/// The head of a frame: payload length (4 bytes, big-endian), then one byte of channel (bits 0–2), kind (bits 3–5),
/// a zero bit, and "more follows" (bit 7). A message longer than a frame is cut, and frames of other channels may come
/// between its pieces, so that a long answer does not hold up a vote.
package struct LinkFrame: Equatable {
    package static let headByteCount = 5
    package static let payloadByteCountMax = 64 << 10

    /// On the control lane, which no caller sees, kinds have other meanings: see `LinkControl`.
    package enum Kind: UInt8, CaseIterable {
        /// Wants no answer.
        case message = 0
        /// Wants an answer; the payload begins with an id of 8 bytes.
        case request = 1
        /// Answers the request with the id it begins with.
        case response = 2
        /// Will not answer the request whose id it is.
        case refusal = 3

        var hasID: Bool { self != .message }
    }

    static let idByteCount = 8
    static let controlLane = 0
    static let laneCount = 5

    let payloadByteCount: Int
    let lane: Int
    let kind: Kind
    let hasMore: Bool

    package func append(to output: inout [UInt8]) {
        for shift in [24, 16, 8, 0] { output.append(UInt8(truncatingIfNeeded: payloadByteCount >> shift)) }
        output.append(UInt8(lane) | kind.rawValue << 3 | (hasMore ? 0x80 : 0))
    }

    /// Reads a head from exactly five bytes; nil when it is none.
    init?(_ head: ArraySlice<UInt8>) {
        guard head.count == Self.headByteCount, let tag = head.last else { return nil }
        let length = head.dropLast().reduce(0) { $0 << 8 | Int($1) }
        guard length <= Self.payloadByteCountMax, tag & 0x40 == 0, let kind = Kind(rawValue: tag >> 3 & 7) else {
            return nil
        }
        self.init(payloadByteCount: length, lane: Int(tag & 7), kind: kind, hasMore: tag & 0x80 != 0)
        // A piece with more to follow must bring something, or pieces could come for ever.
        guard lane < Self.laneCount, !hasMore || length > 0 else { return nil }
    }

    package init(payloadByteCount: Int, lane: Int, kind: Kind, hasMore: Bool) {
        self.payloadByteCount = payloadByteCount
        self.lane = lane
        self.kind = kind
        self.hasMore = hasMore
    }
}

/// What the links say to each other for themselves, on the lane before all channels.
package enum LinkControl: Equatable {
    /// First and only once: who I am.
    case hello([UInt8])
    /// Say this back.
    case ping(UInt64)
    case pong(UInt64)
    /// I end this link, and why.
    case bye(LinkRefusal)

    static let byteCountMax = 1_024

    package var frame: (kind: LinkFrame.Kind, payload: [UInt8]) {
        switch self {
        case .hello(let bytes): (.message, bytes)
        case .ping(let number): (.request, number.bigEndianBytes)
        case .pong(let number): (.response, number.bigEndianBytes)
        case .bye(let reason): (.refusal, [reason.rawValue])
        }
    }

    package init?(kind: LinkFrame.Kind, payload: [UInt8]) {
        switch kind {
        case .message: self = .hello(payload)
        case .request, .response:
            guard payload.count == 8 else { return nil }
            let number = UInt64(bigEndianBytes: payload[...])
            self = kind == .request ? .ping(number) : .pong(number)
        case .refusal:
            guard payload.count == 1, let reason = LinkRefusal(rawValue: payload[0]) else { return nil }
            self = .bye(reason)
        }
    }
}

extension UInt64 {
    var bigEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * UInt64($0))) } }
    init(bigEndianBytes bytes: ArraySlice<UInt8>) { self = bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
