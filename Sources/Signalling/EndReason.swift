/// Why a call ended, by a name that reaches the person on both sides.
package enum EndReason: UInt64, Error, Hashable, Sendable, CaseIterable {
    /// The person on this or the other side hung up.
    case hungUp = 1
    /// The callee declined.
    case declined = 2
    /// The callee is in another call.
    case busy = 3
    /// Nobody answered in time.
    case notAnswered = 4
    /// The caller gave up before the callee answered.
    case cancelled = 5
    /// No such number, or its record has expired.
    case notFound = 6
    /// The callee's home node cannot be reached or has no reader for it.
    case unreachable = 7
    /// The invite is too old or was seen before.
    case stale = 8
    /// A signature or certificate is not that of the member it names.
    case identityMismatch = 9
    /// The DTLS certificate really seen is not the one that was signed.
    case fingerprintMismatch = 10
    /// The nonce that was revealed does not open the commitment: somebody sits in between.
    case commitmentMismatch = 11
    /// A message could not be opened or read.
    case protocolError = 12
    /// The other side speaks another version or suite.
    case versionMismatch = 13
    /// Neither a direct path nor a relay connected.
    case noPath = 14
    /// The handshake of the media transport failed.
    case handshakeFailed = 15
    /// The media path was there and went silent.
    case pathLost = 16
    /// The callee accepted and the caller did not confirm in time, or the other way round.
    case notConfirmed = 17
    /// Both dialled each other; the other call goes on.
    case glare = 18
    /// A bound of this node or the other was reached.
    case overloaded = 19
    /// The program was told to stop.
    case shutDown = 20
}
