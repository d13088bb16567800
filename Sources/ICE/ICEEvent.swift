package import Primitives

/// Where the session stands.
package enum ICEState: Sendable, Equatable {
    /// Not checked yet.
    case new
    /// Candidate pairs are being tried.
    case checking
    /// Packets can flow.
    case connected
    /// They could, and the peer has been silent for ten seconds. A restart can bring it back, and so can the peer.
    case disconnected
    case failed(ICEFailure)
    case closed
}

/// Why a session has no pair.
package enum ICEFailure: Sendable, Equatable {
    /// No pair of candidates worked. A late check of the peer, or a restart, can still change that.
    case noPair
    /// The peer has not agreed to receive for thirty seconds (RFC 7675): nothing may be sent any more.
    case consentExpired
}

/// What an agent tells, on the loop's thread.
package enum ICEEvent: Sendable, Equatable {
    /// A local candidate to send to the other side.
    case candidate(ICECandidate)
    /// All local candidates are found.
    case gathered
    case state(ICEState)
    /// The pair that packets take now.
    case selectedPair(ICEPair)
}

/// The kinds of the two ends of a pair: enough to say "direct" or "relayed", and no address.
package struct ICEPair: Sendable, Equatable {
    package let local: ICECandidate.Kind
    package let remote: ICECandidate.Kind
    /// Whether packets pass through a relay of either side.
    package var isRelayed: Bool { local == .relayed || remote == .relayed }

    package init(local: ICECandidate.Kind, remote: ICECandidate.Kind) {
        self.local = local
        self.remote = remote
    }
}

/// User name fragment and password of one side, RFC 8839 §5.4.
package struct ICECredentials: Sendable, Equatable {
    package let userFragment: String
    package let password: Redacted<String>

    /// Takes 4–256 and 22–256 characters of `A–Z a–z 0–9 + /`; nil for anything else.
    package init?(userFragment: String, password: Redacted<String>) {
        guard (4...256).contains(userFragment.utf8.count), (22...256).contains(password.exposed.utf8.count),
            userFragment.utf8.allSatisfy(Self.isAllowed), password.exposed.utf8.allSatisfy(Self.isAllowed)
        else { return nil }
        self.userFragment = userFragment
        self.password = password
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2b, 0x2f: true
        default: false
        }
    }
}

/// What a call to ``ICEAgent`` can fail with.
package enum ICEError: Error, Sendable, Equatable {
    case alreadyStarted
    case notStarted
    case closed
    /// libnice refused: no socket, no usable address, or arguments it does not take.
    case refused
}
