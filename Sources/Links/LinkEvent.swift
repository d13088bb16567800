package import EventLoop
package import Primitives

/// A member this node may link with, as the ledger has it.
package struct LinkPeer: Equatable, Sendable {
    package let member: MemberID
    /// The keys it may show; two while one replaces the other.
    package let keys: [PublicKey]
    /// Where it listens; nil when only it can dial.
    package let address: SocketAddress?

    package init(member: MemberID, keys: [PublicKey], address: SocketAddress?) {
        self.member = member
        self.keys = keys
        self.address = address
    }
}

/// What the mesh tells the node. Delivered on the loop's thread, in order.
package enum LinkEvent: Sendable {
    /// A link stands; what is to be said anew to this member is said now.
    case connected(MemberID, LinkHello, version: UInt64)
    /// The link is gone; what was queued or on its way may be lost. The mesh dials again on its own.
    case disconnected(MemberID, LinkEnd)
    /// A message that wants no answer.
    case message(from: MemberID, LinkChannel, [UInt8])
    /// A message that wants an answer: `respond` or `refuse`.
    case request(LinkRequest)
    /// A queue that had refused a message has room again.
    case drained(MemberID, LinkChannel)
    /// An attempt at a link failed, for an operator to know. `member` is nil when the other end did not prove who
    /// it is.
    case attemptFailed(MemberID?, LinkEnd, isInbound: Bool)
}

/// A request of another member; it also names the answer's way back.
package struct LinkRequest: Equatable, Sendable {
    package let member: MemberID
    package let channel: LinkChannel
    package let bytes: [UInt8]
    let id: UInt64
}

/// What one link has done and holds, for metrics and `status`.
package struct LinkStatistics: Equatable, Sendable {
    package var member: MemberID
    /// False: the member has no link now, and the rest is zero.
    package var isConnected = false
    /// This node dialled.
    package var isOutbound = false
    /// Time since the link stands.
    package var age = Duration.zero
    /// Last answer to a ping.
    package var roundTrip: Duration?
    /// Bytes of TLS records.
    package var sentByteCount = 0
    package var receivedByteCount = 0
    package var sentMessageCount = 0
    package var receivedMessageCount = 0
    /// Bytes that wait, in the order of `LinkChannel.allCases`.
    package var queuedByteCounts: [Int] = []
    /// Messages that wait, in the same order.
    package var queuedMessageCounts: [Int] = []
    /// Messages refused because a queue was full.
    package var busyCount = 0
    /// Requests without an answer yet, sent and received.
    package var openRequestCount = 0
    package var openInboundRequestCount = 0
    /// Links that stood with this member since the start.
    package var connectionCount = 0
    /// Attempts that failed since the last link stood.
    package var failedAttemptCount = 0

    init(member: MemberID) { self.member = member }
}
