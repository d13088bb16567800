import EventLoop
import Primitives

/// What the mesh knows of one member: its link, its next dial, its open requests. Lives inside the mesh's actor.
final class PeerState {
    /// A request of ours that waits for its answer.
    struct Outstanding {
        let timer: TimerID
        let complete: @Sendable (Result<[UInt8], LinkError>) -> Void
    }

    var peer: LinkPeer
    /// The link that stands.
    var link: Link?
    /// The link being dialled, until it stands.
    var dialling: Link?
    var dialTimer: TimerID?
    var failedAttemptCount = 0
    var connectionCount = 0
    /// It was dropped for what it did, and gets no link before this time.
    var shunnedUntil: Duration?
    var nextRequestID = UInt64.random(in: .min ... .max)
    var outstanding: [UInt64: Outstanding] = [:]
    /// Requests of the member that the node has not answered yet, and when each is given up.
    var inbound: [UInt64: Duration] = [:]

    init(_ peer: LinkPeer) { self.peer = peer }

    var statistics: LinkStatistics {
        var statistics = link?.statistics ?? LinkStatistics(member: peer.member)
        statistics.member = peer.member
        statistics.connectionCount = connectionCount
        statistics.failedAttemptCount = failedAttemptCount
        statistics.openRequestCount = outstanding.count
        statistics.openInboundRequestCount = inbound.count
        if let link {
            statistics.isConnected = true
            statistics.isOutbound = link.dialled != nil
            statistics.age = SystemTime.monotonic - (link.establishedAt ?? link.startedAt)
            statistics.queuedByteCounts = LinkChannel.allCases.map { link.queue.byteCount(of: $0) }
            statistics.queuedMessageCounts = LinkChannel.allCases.map { link.queue.messageCount(of: $0) }
        }
        return statistics
    }
}
