/// Why a group operation, a proof or a threshold evaluation was refused.
package enum RistrettoError: Error, Equatable, Sendable {
    /// Bytes that are no canonical element, or the identity.
    case invalidElement
    /// Bytes that are no canonical scalar, or zero where a secret must stand.
    case invalidScalar
    /// An input is longer than 65,535 bytes.
    case inputTooLong
    /// No element, more elements than one request may hold, or another count than was asked for.
    case badElementCount
    /// A proof does not hold.
    case badProof
    /// A member count outside 1 through `ThresholdPublicKeys.memberCountMax`.
    case badMemberCount
    /// The key serves another purpose than the request.
    case wrongPurpose
    /// A share of another sharing epoch: it does not combine.
    case wrongSharingEpoch
    /// No member has this index.
    case unknownMember(index: Int)
    /// This member's share was taken already.
    case duplicateShare(index: Int)
    /// This member's evaluation is not what its public share demands.
    case badShare(index: Int)
    /// This dealer's dealing is not consistent, or does not fit the others or the old key.
    case badDealing(dealer: Int)
    /// Fewer shares than the threshold.
    case tooFewShares(have: Int, need: Int)
    /// A sealed share does not open, or its member's key is none to seal to.
    case badSeal
    /// The wrap's proof does not hold in this chain: not made by one who knows r, or moved from elsewhere.
    case badWrap
}
