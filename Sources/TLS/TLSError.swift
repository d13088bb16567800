/// Why a TLS session did not stand or did not go on.
package enum TLSError: Error, Hashable, Sendable {
    /// The seed is not 32 bytes, or OpenSSL could not make the identity.
    case identityFailed
    /// No session could be made: out of memory.
    case exhausted
    /// The two ends have no version, cipher, group or protocol name in common, or one broke the protocol.
    case handshakeFailed
    /// The other end sent more than a handshake takes.
    case handshakeTooLong
    /// The other end showed no certificate, or one without an Ed25519 key.
    case noPeerKey
    /// The other end refused us.
    case refusedByPeer
    /// A record was forged, repeated or damaged.
    case broken
    /// Used before the handshake was over, or after the end.
    case notEstablished
}
