package import ICE
package import Primitives
package import SecureMedia

/// What a ``MediaTransport`` tells, on the loop's thread.
package enum TransportEvent: Sendable, Equatable {
    /// A local candidate to send to the other side.
    case candidate(ICECandidate)
    /// All local candidates are found.
    case gathered
    /// The path changed. `disconnected` and `failed` are no end: a restart can follow.
    case path(ICEState)
    /// Which kinds of candidates the path has now.
    case pair(ICEPair)
    /// The handshake is done with the announced certificate; packets can be sent.
    case secured(SecuredTransport)
    /// The end, for a reason. Nothing more is sent or received.
    case failed(TransportFailure)
    case closed
}

/// What a handshake led to.
package struct SecuredTransport: Sendable, Equatable {
    package let profile: SRTPProfile
    /// The fingerprint of the certificate that was really shown; equal to the announced one.
    package let remoteFingerprint: Digest

    package init(profile: SRTPProfile, remoteFingerprint: Digest) {
        self.profile = profile
        self.remoteFingerprint = remoteFingerprint
    }
}

/// Why a transport ended.
package enum TransportFailure: Sendable, Equatable {
    /// Another certificate was shown than was announced: not the peer, or somebody between.
    case fingerprintMismatch(seen: Digest)
    /// The handshake failed otherwise.
    case handshake(DTLSFailure)
    /// libsrtp took no keys.
    case noKeys
    /// The other end closed the association.
    case closedByPeer
}

/// What a call to ``MediaTransport`` can fail with.
package enum TransportError: Error, Sendable, Equatable {
    case ice(ICEError)
    case security(SecureMediaError)
    /// Both sides want to begin the handshake, both want to wait, or neither decided.
    case setupConflict
    /// A restart came with another certificate; that would be another peer.
    case fingerprintChanged
    case notStarted
}

/// Counters since the start; they only grow.
package struct TransportStatistics: Sendable, Equatable {
    package var sentPacketCount = 0
    package var sentByteCount = 0
    package var receivedPacketCount = 0
    package var receivedByteCount = 0
    /// Packets we made that found no path, or no room in the socket.
    package var unsentPacketCount = 0
    /// Packets that came and were not what they should be: other key, changed, no RTP.
    package var refusedPacketCount = 0
    /// Packets that came twice or too late.
    package var replayedPacketCount = 0
    /// Packets from before the handshake for which there was no room.
    package var earlyPacketCount = 0

    package init() {}
}
