package import Primitives

/// What a call into this module can fail with.
package enum SecureMediaError: Error, Sendable, Equatable {
    /// OpenSSL made no key or certificate.
    case identityFailed
    /// OpenSSL or libsrtp made no session.
    case sessionFailed
    /// Keys were asked for before the handshake was done.
    case notReady
    /// The packet is no RTP or RTCP packet, or is too long.
    case malformed
    /// The packet was changed on its way, or is under another key.
    case authenticationFailed
    /// The packet was seen before, or is older than the window.
    case replayed
    /// One more sender than ``SRTPSession/sourceCountMax``.
    case tooManySources
    /// The key has protected as much as it may.
    case keyExhausted
}

/// Why a DTLS session ended.
package enum DTLSFailure: Error, Sendable, Equatable {
    /// The other end showed another certificate than was announced: not the peer, or somebody between.
    case fingerprintMismatch(seen: Digest)
    case noCertificate
    /// The two ends have no SRTP profile in common.
    case noCommonProfile
    /// The handshake got no answer.
    case timedOut
    /// The other end broke the protocol or sent a fatal alert.
    case protocolError
}
