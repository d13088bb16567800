package import Primitives

/// One member's secret share of one threshold key. Moves, never copies, wiped at its end.
///
/// There is no way to have an arbitrary element multiplied: each purpose has one entry of its own, in the file of that
/// purpose, which makes or checks what it multiplies. A share of another purpose is refused there.
package struct ThresholdShare: ~Copyable, Sendable {
    package let purpose: ThresholdPurpose
    package let sharingEpoch: SharingEpoch
    /// The member, from 1.
    package let index: Int
    /// x_i·G, against which this member's proofs are checked.
    package let publicShare: GroupElement
    /// The key that the shares together make.
    package let publicKey: GroupElement
    private let secret: RistrettoSecret

    /// Takes a share that a dealer sent, and holds it against the public keys of the dealing.
    /// - Throws: `RistrettoError.unknownMember`; `.invalidScalar`; `.badShare` when the public share is another's.
    package init(copying bytes: Span<UInt8>, index: Int, of keys: ThresholdPublicKeys) throws(RistrettoError) {
        guard let expected = keys.share(of: index) else { throw .unknownMember(index: index) }
        let secret = try RistrettoSecret(copying: bytes)
        guard secret.publicElement() == expected else { throw .badShare(index: index) }
        purpose = keys.purpose
        sharingEpoch = keys.sharingEpoch
        self.index = index
        publicShare = expected
        publicKey = keys.publicKey
        self.secret = secret
    }

    /// Lends the 32 bytes of the share, for sealing to its member or for a key file.
    package borrowing func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try secret.withBytes(body)
    }

    /// Deals this share itself to the members of a later sharing epoch: one dealing of a `ThresholdAssembly`.
    /// - Throws: `RistrettoError.wrongSharingEpoch` for one that is not later; `.badMemberCount`.
    package borrowing func dealAnew(
        sharingEpoch: SharingEpoch, memberCount: Int
    ) throws(RistrettoError) -> ThresholdDealer {
        guard sharingEpoch > self.sharingEpoch else { throw .wrongSharingEpoch }
        return try ThresholdDealer(secret, purpose, sharingEpoch: sharingEpoch, memberCount: memberCount)
    }

    /// `sum` + `weight` · x_i.
    borrowing func adding(to sum: consuming LockedMemory?, times weight: RistrettoScalar) -> LockedMemory {
        secret.adding(to: sum, times: weight)
    }

    /// x_i times each input, with one proof for all of them.
    /// - Throws: `RistrettoError.wrongPurpose`, `.badElementCount`, `.invalidElement`.
    borrowing func evaluate(
        _ inputs: [GroupElement], for purpose: ThresholdPurpose
    ) throws(RistrettoError) -> PartialEvaluation {
        guard purpose == self.purpose else { throw .wrongPurpose }
        guard (1...PartialEvaluation.elementCountMax).contains(inputs.count) else { throw .badElementCount }
        var elements: [GroupElement] = []
        for input in inputs { elements.append(try secret.multiply(input)) }
        let proof = try RistrettoProof.prove(
            secret, publicKey: publicShare, inputs: inputs, outputs: elements, context: purpose.proofContext)
        return PartialEvaluation(
            purpose: purpose, sharingEpoch: sharingEpoch, index: index, elements: elements, proof: proof)
    }
}

extension ThresholdPurpose {
    /// The context string of the proofs of one purpose: "SottoV1-threshold-" ‖ name ‖ "-ristretto255-SHA512".
    var proofContext: RistrettoContext {
        switch self {
        case .phone: .own("threshold-phone")
        case .outer: .own("threshold-outer")
        case .wraps: .own("threshold-wraps")
        }
    }
}
