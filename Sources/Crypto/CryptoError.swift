/// Why an operation of this module was refused.
package enum CryptoError: Error, Equatable, Sendable {
    /// A key, nonce, salt or signature has another length than its algorithm demands.
    case badLength
    /// Tag, passphrase, peer or associated data do not fit: nothing is known about the contents.
    case authenticationFailed
    /// The bytes are no point, a point of small order, or lead to the all-zero shared secret.
    case badPoint
    /// The input is cut short, has trailing bytes, or names a version, suite or kind that is not known.
    case malformed
    /// A counter, length or cost is above its limit.
    case limitExceeded
    /// The datagram's nonce was seen before, or is older than the replay window.
    case replayed
    /// A counter went back or stood still: sealing twice with one would reveal both plaintexts.
    case counterReused
    /// The key file is for another purpose than the one asked for.
    case wrongPurpose
    /// The key file is sealed, and no passphrase was given.
    case passphraseNeeded
    /// The system would not give the memory that a passphrase derivation needs.
    case outOfMemory
}
