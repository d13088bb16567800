package import EventLoop
package import TLS

/// Why one end ends a link on purpose; told to the other end, so that both operators see it. The numbers are on the
/// wire and stay.
package enum LinkRefusal: UInt8, CaseIterable, Error, Sendable {
    /// The node is being stopped.
    case shuttingDown = 1
    /// The key belongs to no member that may link here.
    case unknownKey = 2
    /// The key belongs to another member than was dialled or than the hello says.
    case wrongMember = 3
    /// The other node is on another network.
    case wrongChain = 4
    /// The two nodes speak no protocol version in common.
    case wrongVersion = 5
    /// Another link between the two nodes stays in its place.
    case duplicate = 6
    /// The member may no longer link, or its key was rotated.
    case removed = 7
    /// Something that is no frame, no hello, or stands in the wrong place.
    case malformed = 8
    /// A message longer than its channel allows.
    case oversize = 9
    /// The other end does not read what consensus must tell it.
    case overflowed = 10
    /// More connections were shaking hands than this node allows, and this was the oldest.
    case busy = 11
    /// The peer did what no honest node does, and is to stay away for a while.
    case misbehaved = 12
}

/// How a link, or an attempt at one, ended.
package enum LinkEnd: Hashable, Sendable {
    /// The connection was not made or broke; nil when the other end just closed it.
    case lost(SocketError?)
    /// The TLS handshake failed, or a record was forged.
    case insecure(TLSError)
    /// The handshake took too long.
    case handshakeTimedOut
    /// Nothing came, not even an answer to a ping.
    case silent
    /// This node ended it.
    case refused(LinkRefusal)
    /// The other node ended it.
    case refusedByPeer(LinkRefusal)
}

extension LinkEnd {
    /// One word for a log: no address, no quoted text.
    package var word: String {
        switch self {
        case .lost: "lost"
        case .insecure: "insecure"
        case .handshakeTimedOut: "handshake_timed_out"
        case .silent: "silent"
        case .refused(let reason): "refused_\(reason)"
        case .refusedByPeer(let reason): "refused_by_peer_\(reason)"
        }
    }
}

/// Why a call on the mesh failed.
package enum LinkError: Error, Hashable, Sendable {
    /// The address cannot be listened on.
    case cannotListen(SocketError)
    /// More peers than `LinkSettings.peerCountMax`.
    case tooManyPeers
    /// There is no link to the member now.
    case notConnected
    /// Too many requests wait for this member, or its queue is full.
    case busy
    /// Longer than the channel allows.
    case tooLarge
    /// No answer before the deadline.
    case timedOut
    /// The link ended before the answer came.
    case disconnected
    /// The other node would not or could not answer.
    case refusedByPeer
    /// The mesh was stopped.
    case stopped
}
