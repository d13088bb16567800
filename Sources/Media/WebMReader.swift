/// Reads WebM as it comes, chunk by chunk of any size, and yields tracks and frames. Source: RFC 8794 (EBML) and
/// RFC 9559 (Matroska), narrowed to what WebM allows.
///
/// Segment and cluster may have unknown sizes. Void, cues, tags, chapters, attachments and whatever is not known is
/// skipped without being held. Everything else is held whole before it is read, below the limits here.
package struct WebMReader: Equatable, Sendable {
    package struct Limits: Equatable, Sendable {
        /// One block with its group, in bytes.
        package var blockByteCountMax: Int
        /// EBML header, segment info or track list, in bytes.
        package var headByteCountMax: Int
        package var trackCountMax: Int

        package init(blockByteCountMax: Int = 4 << 20, headByteCountMax: Int = 256 << 10, trackCountMax: Int = 16) {
            self.blockByteCountMax = blockByteCountMax
            self.headByteCountMax = headByteCountMax
            self.trackCountMax = trackCountMax
        }
    }

    package enum Event: Equatable, Sendable {
        /// The track list, once, before any frame.
        case tracks([WebMTrack])
        /// What the file says it lasts, in microseconds; absent from a live stream.
        case duration(UInt64)
        case frame(WebMFrame)
    }

    package let limits: Limits
    private var buffer: [UInt8] = []
    /// Where in `buffer` the next element starts.
    private var start = 0
    /// Position in the file of `buffer[start]`.
    private var position: UInt64 = 0
    private var skipRemaining: UInt64 = 0
    private var hasHeader = false
    private var segment: Container?
    private var cluster: Container?
    private var clusterTimestamp: UInt64?
    /// Nanoseconds of one tick.
    private var timestampScale: UInt64 = 1_000_000
    private var durationTicks: Double?
    private var tracks: [WebMTrack]?

    /// An element that is entered, not held.
    private struct Container: Equatable {
        /// Position in the file, nil when the size is unknown.
        let end: UInt64?
    }

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// Takes the next bytes of the file. After an error the reader is of no further use.
    package mutating func receive(_ chunk: [UInt8]) throws(MediaError) -> [Event] {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: chunk)
        var events: [Event] = []
        while try step(&events) {}
        return events
    }

    /// Says that the file ends here.
    /// - Throws: `MediaError.truncated` inside an element, or before the tracks.
    package func finish() throws(MediaError) {
        guard start == buffer.count, skipRemaining == 0, tracks != nil else { throw .truncated }
        for container in [segment, cluster] {
            if let end = container?.end, end > position { throw .truncated }
        }
    }

    /// Reads one element; false when more bytes are needed.
    private mutating func step(_ events: inout [Event]) throws(MediaError) -> Bool {
        if skipRemaining > 0 {
            let count = Int(min(skipRemaining, UInt64(buffer.count - start)))
            consume(count)
            skipRemaining -= UInt64(count)
            return skipRemaining == 0 && start < buffer.count
        }
        leaveContainers()
        guard let head = try EBML.head(in: buffer, at: start, end: buffer.count) else { return false }
        try checkFits(head)
        if try enter(head) { return true }
        guard let size = head.size else { throw .badLength }
        guard let limit = holdLimit(head.id) else {
            consume(head.byteCount)
            skipRemaining = size
            return true
        }
        guard size <= UInt64(limit) else { throw .limitExceeded(limit: UInt64(limit)) }
        guard buffer.count - start - head.byteCount >= Int(size) else { return false }
        let body = start + head.byteCount..<start + head.byteCount + Int(size)
        try read(head.id, body, &events)
        consume(head.byteCount + Int(size))
        return true
    }

    private mutating func consume(_ count: Int) {
        start += count
        position += UInt64(count)
    }

    private mutating func leaveContainers() {
        if let end = cluster?.end, position >= end {
            cluster = nil
            clusterTimestamp = nil
        }
        if let end = segment?.end, position >= end {
            segment = nil
            cluster = nil
        }
    }

    /// An element must end within what holds it.
    private func checkFits(_ head: EBML.Head) throws(MediaError) {
        let bodyStart = position + UInt64(head.byteCount)
        let isTop = EBML.topLevel.contains(head.id)
        let holder = isTop || cluster == nil ? segment : cluster
        guard let end = holder?.end else { return }
        guard bodyStart <= end, head.size.map({ $0 <= end - bodyStart }) ?? true else { throw .badLength }
    }

    /// Enters a segment or cluster; false when the element is neither.
    private mutating func enter(_ head: EBML.Head) throws(MediaError) -> Bool {
        let bodyStart = position + UInt64(head.byteCount)
        let (end, overflow) = bodyStart.addingReportingOverflow(head.size ?? 0)
        guard !overflow else { throw .badLength }
        let container = Container(end: head.size == nil ? nil : end)
        switch head.id {
        case EBML.segment:
            guard hasHeader, segment == nil, tracks == nil else { throw .unexpectedElement(id: head.id) }
            segment = container
        case EBML.cluster:
            guard segment != nil, tracks != nil else { throw .unexpectedElement(id: head.id) }
            if let end = cluster?.end, position < end { throw .unexpectedElement(id: head.id) }
            cluster = container
            clusterTimestamp = nil
        default:
            if EBML.topLevel.contains(head.id) {
                guard segment != nil else { throw .unexpectedElement(id: head.id) }
                if let end = cluster?.end, position < end { throw .unexpectedElement(id: head.id) }
                cluster = nil
                clusterTimestamp = nil
            }
            return false
        }
        consume(head.byteCount)
        return true
    }

    /// How many bytes an element that is read may have; nil for what is skipped.
    private func holdLimit(_ id: UInt32) -> Int? {
        switch id {
        case EBML.header, EBML.info, EBML.tracks: limits.headByteCountMax
        case EBML.clusterTimestamp where cluster != nil: 8
        case EBML.simpleBlock where cluster != nil, EBML.blockGroup where cluster != nil: limits.blockByteCountMax
        default: nil
        }
    }

    private mutating func read(_ id: UInt32, _ body: Range<Int>, _ events: inout [Event]) throws(MediaError) {
        switch id {
        case EBML.header:
            guard !hasHeader else { throw .unexpectedElement(id: id) }
            try WebMHead.check(header: EBMLChildren(buffer, body))
            hasHeader = true
        case EBML.info:
            (timestampScale, durationTicks) = try WebMHead.info(EBMLChildren(buffer, body))
            if let durationTicks {
                let microseconds = durationTicks * Double(timestampScale) / 1_000
                guard microseconds >= 0, microseconds < 9e15 else { throw .badValue }
                events.append(.duration(UInt64(microseconds)))
            }
        case EBML.tracks:
            guard tracks == nil else { throw .unexpectedElement(id: id) }
            let list = try WebMHead.tracks(EBMLChildren(buffer, body), in: buffer, countMax: limits.trackCountMax)
            tracks = list
            events.append(.tracks(list))
        case EBML.clusterTimestamp:
            guard clusterTimestamp == nil else { throw .unexpectedElement(id: id) }
            clusterTimestamp = try EBMLChildren(buffer, body).unsigned(body)
        default: events += try frames(id, body).map(Event.frame)
        }
    }

    private func frames(_ id: UInt32, _ body: Range<Int>) throws(MediaError) -> [WebMFrame] {
        guard let clusterTimestamp, let tracks else { throw .unexpectedElement(id: id) }
        let clock = WebMBlock.TimeBase(clusterTimestamp: clusterTimestamp, scale: timestampScale)
        if id == EBML.simpleBlock {
            return try WebMBlock.frames(in: buffer, body, isSimple: true, discard: 0, clock: clock, tracks: tracks)
        }
        var block: Range<Int>?
        var isReferencing = false
        var discardPadding: Int64 = 0
        var children = EBMLChildren(buffer, body)
        while let child = try children.next() {
            switch child.id {
            case EBML.block:
                guard block == nil else { throw .unexpectedElement(id: child.id) }
                block = child.body
            case EBML.referenceBlock: isReferencing = true
            case EBML.discardPadding: discardPadding = try children.signed(child.body)
            default: break
            }
        }
        guard let block else { throw .truncated }
        return try WebMBlock.frames(
            in: buffer, block, isSimple: false, isReferencing: isReferencing, discard: discardPadding, clock: clock,
            tracks: tracks)
    }
}
