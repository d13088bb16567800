package import MediaEndpoint
package import Primitives
package import Signalling

/// What a call tells the person.
package enum CallEvent: Sendable, Equatable {
    case calling
    /// The other device rings.
    case ringingThere
    /// This device rings.
    case incoming
    /// Compare with the other person.
    case shortAuthentication(ShortAuthentication)
    case inCall
    case reconnecting
    /// The camera's file has been played.
    case cameraEnded
    /// Nothing follows.
    case ended(CallReport)
}

/// How a call went.
package struct CallReport: Sendable, Equatable {
    package let reason: EndReason
    /// Nil when the keys were never confirmed.
    package var shortAuthentication: ShortAuthentication?
    /// Whether media flowed.
    package var wasConnected = false
    package var frames = PipelineStatistics()
    package var packets = TransportStatistics()
    package var proofs = ProofCounts()

    package init(reason: EndReason) { self.reason = reason }
}

/// The two of a call that is up, by their per-call keys: what a recording is about.
package struct CallRoster: Sendable, Equatable {
    package let call: CallID
    package let epoch: RosterEpoch
    package let ownKey: PublicKey
    package let peerKey: PublicKey
    package let peer: MemberID
    /// Our place in key ids and proofs, and the other side's.
    package let ownSender: UInt16
    package let peerSender: UInt16
    /// As certificates, seats on the ledger and consents have it.
    package let hash: Digest
}
