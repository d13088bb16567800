package import Primitives

/// A share on its way to its member: sealed with HPKE to the member's agreement key, so that a dealing can stand in the
/// open. The chain, the purpose, the sharing epoch and the index are authenticated with it.
extension ThresholdShare {
    private static let info = Array("sotto/1/threshold-share".utf8)

    /// Seals this share to its member.
    /// - Throws: `RistrettoError.badSeal` when the member's key is of small order.
    package borrowing func sealed(to member: AgreementKey, chain: ChainID) throws(RistrettoError) -> SealedShare {
        let data = SealedShare.associatedData(
            chain: chain, purpose: purpose, sharingEpoch: sharingEpoch, index: index)
        let sealed: [UInt8]? = withBytes { bytes in
            var scalar = bytes.indices.map { bytes[$0] }
            defer { ConstantTime.wipe(&scalar) }
            return try? HPKE.seal(scalar, to: member, info: Self.info, authenticating: data)
        }
        guard let sealed else { throw .badSeal }
        return SealedShare(purpose: purpose, sharingEpoch: sharingEpoch, index: index, sealed: sealed)
    }

    /// Opens a share that was sealed to `member`, and holds it against the public keys of its dealing.
    /// - Throws: `RistrettoError.wrongPurpose`, `.wrongSharingEpoch`; `.badSeal` when it does not open; and what
    ///   `init(copying:index:of:)` throws: a dealer that seals a wrong share is found out here.
    package init(
        opening share: SealedShare, with member: AgreementSecret, chain: ChainID, of keys: ThresholdPublicKeys
    ) throws(RistrettoError) {
        guard share.purpose == keys.purpose else { throw .wrongPurpose }
        guard share.sharingEpoch == keys.sharingEpoch else { throw .wrongSharingEpoch }
        let data = SealedShare.associatedData(
            chain: chain, purpose: share.purpose, sharingEpoch: share.sharingEpoch, index: share.index)
        guard var scalar = try? HPKE.open(share.sealed, with: member, info: Self.info, authenticating: data) else {
            throw .badSeal
        }
        defer { ConstantTime.wipe(&scalar) }
        try self.init(copying: scalar.span, index: share.index, of: keys)
    }
}
