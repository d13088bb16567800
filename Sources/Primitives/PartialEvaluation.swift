/// A proof about discrete logarithms on ristretto255: challenge and response, scalars in their canonical encoding.
/// Which statement it proves, and over which transcript, is said where it is made.
package struct GroupProof: Hashable, Sendable {
    package static let byteCount = 64
    package let challenge: Bytes32
    package let response: Bytes32

    package init(challenge: Bytes32, response: Bytes32) {
        self.challenge = challenge
        self.response = response
    }

    /// Takes exactly 64 bytes, challenge then response; any other count gives nil.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, let challenge = Bytes32(bytes.span.extracting(0..<32)),
            let response = Bytes32(bytes.span.extracting(32..<64))
        else { return nil }
        self.init(challenge: challenge, response: response)
    }

    package var bytes: [UInt8] { challenge.bytes + response.bytes }
}

/// One member's part of a threshold evaluation: x_i·B for each input B, and one proof that they all are that.
package struct PartialEvaluation: Hashable, Sendable {
    /// How many inputs one request may hold.
    package static let elementCountMax = 32

    package let purpose: ThresholdPurpose
    package let sharingEpoch: SharingEpoch
    /// The member, from 1.
    package let index: Int
    /// In the order of the inputs.
    package let elements: [GroupElement]
    /// RFC 9497 section 2.2 against the member's public share.
    package let proof: GroupProof

    package init(
        purpose: ThresholdPurpose, sharingEpoch: SharingEpoch, index: Int, elements: [GroupElement], proof: GroupProof
    ) {
        self.purpose = purpose
        self.sharingEpoch = sharingEpoch
        self.index = index
        self.elements = elements
        self.proof = proof
    }
}
