/// What waits to be sent on one link: one bounded lane per channel, and the control lane before them. Taken out in
/// strict order of lanes, cut into frames.
package struct OutboundQueue {
    package enum Outcome: Equatable { case queued, superseded, full }

    private struct Entry {
        let kind: LinkFrame.Kind
        let key: UInt64?
        var payload: [UInt8]
        var sentByteCount = 0
    }

    private struct Lane {
        let byteCountMax: Int
        let countMax: Int
        var entries: [Entry] = []
        var first = 0
        var byteCount = 0
        /// Something was refused since there was last room.
        var hasRefused = false

        var count: Int { entries.count - first }

        mutating func removeFirst() {
            entries[first].payload = []
            first += 1
            if first == entries.count {
                entries.removeAll(keepingCapacity: entries.count < 1_024)
                first = 0
            } else if first > 256, first > entries.count / 2 {
                entries.removeFirst(first)
                first = 0
            }
        }

        /// Forgets every entry of which nothing is sent yet.
        mutating func dropWaiting() {
            entries = entries[first...].filter { $0.sentByteCount > 0 }
            first = 0
            byteCount = entries.reduce(0) { $0 + $1.payload.count - $1.sentByteCount }
        }
    }

    private static let controlCountMax = 64
    private var lanes: [Lane]

    package init(settings: LinkSettings) {
        lanes = [Lane(byteCountMax: LinkControl.byteCountMax * Self.controlCountMax, countMax: Self.controlCountMax)]
        for channel in LinkChannel.allCases {
            let bounds = settings.bounds(of: channel)
            // A request's or answer's id comes on top of what the caller may fill.
            let byteCountMax = bounds.queuedByteCountMax + LinkFrame.idByteCount
            lanes.append(Lane(byteCountMax: byteCountMax, countMax: bounds.queuedMessageCountMax))
        }
    }

    /// Nothing waits on any lane.
    package var isEmpty: Bool { lanes.allSatisfy { $0.count == 0 } }
    package func byteCount(of channel: LinkChannel) -> Int { lanes[Int(channel.rawValue)].byteCount }
    package func messageCount(of channel: LinkChannel) -> Int { lanes[Int(channel.rawValue)].count }

    /// Queues a message, or puts it in the place of a waiting one with the same key of which nothing is sent yet.
    package mutating func append(lane: Int, kind: LinkFrame.Kind, key: UInt64? = nil, _ payload: [UInt8]) -> Outcome {
        if let key, let index = waitingIndex(lane, key) {
            let growth = payload.count - lanes[lane].entries[index].payload.count
            guard lanes[lane].byteCount + growth <= lanes[lane].byteCountMax else { return refuse(lane) }
            lanes[lane].entries[index] = Entry(kind: kind, key: key, payload: payload)
            lanes[lane].byteCount += growth
            return .superseded
        }
        guard lanes[lane].count < lanes[lane].countMax,
            lanes[lane].byteCount + payload.count <= lanes[lane].byteCountMax
        else { return refuse(lane) }
        lanes[lane].entries.append(Entry(kind: kind, key: key, payload: payload))
        lanes[lane].byteCount += payload.count
        return .queued
    }

    /// Frames of at least `budget` bytes, if that much waits, and at most one frame more.
    package mutating func takeFrames(budget: Int) -> (bytes: [UInt8], messageCount: Int) {
        takeFrames(budget: budget) { $0.count > 0 }
    }

    /// The rest of the messages of which something is sent already.
    package mutating func takeBegun() -> (bytes: [UInt8], messageCount: Int) {
        takeFrames(budget: .max) { $0.count > 0 && $0.entries[$0.first].sentByteCount > 0 }
    }

    private mutating func takeFrames(
        budget: Int, from isReady: (Lane) -> Bool
    ) -> (bytes: [UInt8], messageCount: Int) {
        var output: [UInt8] = []
        var messageCount = 0
        while output.count < budget, let lane = lanes.firstIndex(where: isReady) {
            let index = lanes[lane].first
            let total = lanes[lane].entries[index].payload.count
            let start = lanes[lane].entries[index].sentByteCount
            let end = min(total, start + LinkFrame.payloadByteCountMax)
            let frame = LinkFrame(
                payloadByteCount: end - start, lane: lane, kind: lanes[lane].entries[index].kind, hasMore: end < total)
            frame.append(to: &output)
            output.append(contentsOf: lanes[lane].entries[index].payload[start..<end])
            lanes[lane].byteCount -= end - start
            if end == total {
                lanes[lane].removeFirst()
                messageCount += 1
            } else {
                lanes[lane].entries[index].sentByteCount = end
            }
        }
        return (output, messageCount)
    }

    /// Channels that refused a message and have fallen to half since.
    package mutating func takeDrained() -> [LinkChannel] {
        LinkChannel.allCases.filter { channel in
            let lane = Int(channel.rawValue)
            guard lanes[lane].hasRefused, lanes[lane].byteCount <= lanes[lane].byteCountMax / 2,
                lanes[lane].count <= lanes[lane].countMax / 2
            else { return false }
            lanes[lane].hasRefused = false
            return true
        }
    }

    /// Takes over what another link's queue held and had not begun to send.
    package mutating func adopt(_ other: inout OutboundQueue) {
        for channel in LinkChannel.allCases {
            let lane = Int(channel.rawValue)
            for entry in other.lanes[lane].entries[other.lanes[lane].first...] where entry.sentByteCount == 0 {
                _ = append(lane: lane, kind: entry.kind, key: entry.key, entry.payload)
            }
            other.lanes[lane].dropWaiting()
        }
    }

    private func waitingIndex(_ lane: Int, _ key: UInt64) -> Int? {
        lanes[lane].entries[lanes[lane].first...].firstIndex { $0.key == key && $0.sentByteCount == 0 }
    }

    private mutating func refuse(_ lane: Int) -> Outcome {
        lanes[lane].hasRefused = true
        return .full
    }
}
