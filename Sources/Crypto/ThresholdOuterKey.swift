package import Primitives

/// The key of a recording's outer layer in one rights epoch: a threshold evaluation in the clear.
///
/// The point is hash-to-group of "sotto/1/outer-key" ‖ 0x00 ‖ chain (32) ‖ recording (32) ‖ rights epoch u64 under the
/// context "SottoV1-outer-ristretto255-SHA512". Every validator computes it itself; nobody hands one in. O_e is
/// HKDF-SHA-512 of the evaluated element, salt "sotto/1/outer-key", info the same bytes as above.
package struct ThresholdOuterKey: Hashable, Sendable {
    private static let name = "sotto/1/outer-key"

    package let chain: ChainID
    package let recording: RecordingID
    package let rightsEpoch: RightsEpoch

    package init(chain: ChainID, recording: RecordingID, rightsEpoch: RightsEpoch) {
        self.chain = chain
        self.recording = recording
        self.rightsEpoch = rightsEpoch
    }

    /// What the members evaluate: the input of the requester's `ThresholdCombiner`.
    /// - Throws: `RistrettoError.invalidElement`, which happens to nobody.
    package func point() throws(RistrettoError) -> GroupElement {
        try RistrettoContext.own("outer").hashToGroup(transcript)
    }

    /// O_e, from what the combiner gave.
    package func key(from combined: GroupElement) -> SecretKey {
        HKDF.deriveKey(from: combined.bytes, salt: Array(Self.name.utf8), info: transcript, using: .sha512)
    }

    private var transcript: [UInt8] {
        Array(Self.name.utf8) + [0] + chain.bytes + recording.bytes + rightsEpoch.rawValue.bigEndianBytes
    }
}

extension ThresholdShare {
    /// A validator's part in an outer key. The validator has checked the request against its state; the point comes
    /// from the names alone, so no request can have another point evaluated.
    /// - Throws: `RistrettoError.wrongPurpose`.
    package borrowing func evaluate(_ key: ThresholdOuterKey) throws(RistrettoError) -> PartialEvaluation {
        try evaluate([key.point()], for: .outer)
    }
}
