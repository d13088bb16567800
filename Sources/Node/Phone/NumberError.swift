package import Crypto
package import Primitives

/// Why a number was not published, found or released.
package enum NumberError: Error, Sendable {
    case home(HomeError)
    /// The network's genesis names no key for phone numbers.
    case noPhoneKey
    /// Too few good evaluations: how many there were, what was refused, whose share was bad, and whose answer could not
    /// be opened (which the home node, too, may have spoiled).
    case tooFewShares(
        have: Int, need: Int, refusals: [NumberAnswer.Refusal], faulty: [MemberID], unreadable: [MemberID])
    /// There is no record for this number.
    case notListed
    /// There is one, but something in it does not hold.
    case untrue(Fault)
    /// Publishing needs evidence that the member holds the number, and none was given.
    case evidenceNeeded
    /// The ledger does not show the attestation that the home node reported.
    case notAttested
    case crypto(CryptoError)
    case ristretto(RistrettoError)

    package enum Fault: String, Sendable {
        /// The writer's signature, its place, or its expiry.
        case record
        /// It does not open under this number's key, or names another writer.
        case seal
        /// The ledger attests no such location, writer and salt, or not any more.
        case attestation
        /// The member it names is not an active one, or did not sign it.
        case member
    }
}
