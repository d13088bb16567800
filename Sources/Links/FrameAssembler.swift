/// Makes messages of the bytes one link brings. Holds at most one unfinished message per lane, within that lane's
/// bound, and grows only by what has really come: a length on its own makes it allocate nothing.
package struct FrameAssembler {
    /// A whole message of one lane.
    package struct Message: Equatable {
        package let lane: Int
        package let kind: LinkFrame.Kind
        package let bytes: [UInt8]

        package init(lane: Int, kind: LinkFrame.Kind, bytes: [UInt8]) {
            self.lane = lane
            self.kind = kind
            self.bytes = bytes
        }
    }

    private struct Partial {
        let kind: LinkFrame.Kind
        var bytes: [UInt8]
    }

    /// Bytes that came and are not cut into frames yet; new ones are appended here.
    package var input: [UInt8] = []
    private var start = 0
    private var partials: [Partial?] = Array(repeating: nil, count: LinkFrame.laneCount)
    private let byteCountMax: [Int]

    package init(settings: LinkSettings) {
        byteCountMax =
            [LinkControl.byteCountMax]
            + LinkChannel.allCases.map { settings.bounds(of: $0).messageByteCountMax + LinkFrame.idByteCount }
    }

    /// The next whole message, or nil until more bytes come.
    ///
    /// - Throws: `malformed`, `oversize`: the link cannot go on.
    package mutating func next() throws(LinkRefusal) -> Message? {
        while input.count - start >= LinkFrame.headByteCount {
            guard let frame = LinkFrame(input[start..<start + LinkFrame.headByteCount]) else { throw .malformed }
            let held = partials[frame.lane]?.bytes.count ?? 0
            guard held + frame.payloadByteCount <= byteCountMax[frame.lane] else { throw .oversize }
            let payloadStart = start + LinkFrame.headByteCount
            guard input.count - payloadStart >= frame.payloadByteCount else { break }
            let payload = input[payloadStart..<payloadStart + frame.payloadByteCount]
            start = payload.endIndex
            if let message = try take(frame, payload) { return message }
        }
        if start > 0 {
            input.removeFirst(start)
            start = 0
        }
        return nil
    }

    private mutating func take(
        _ frame: LinkFrame, _ payload: ArraySlice<UInt8>
    ) throws(LinkRefusal) -> Message? {
        guard partials[frame.lane] != nil || frame.hasMore else {
            return Message(lane: frame.lane, kind: frame.kind, bytes: Array(payload))
        }
        guard partials[frame.lane] == nil || partials[frame.lane]?.kind == frame.kind else { throw .malformed }
        if partials[frame.lane] == nil { partials[frame.lane] = Partial(kind: frame.kind, bytes: []) }
        partials[frame.lane]?.bytes.append(contentsOf: payload)
        guard !frame.hasMore, let partial = partials[frame.lane] else { return nil }
        partials[frame.lane] = nil
        return Message(lane: frame.lane, kind: frame.kind, bytes: partial.bytes)
    }
}
