package import Primitives

extension ThresholdShare {
    /// A validator's part in locating phone numbers: its share times each blinded element, with a proof. The client
    /// checks and combines with `ThresholdCombiner` and calls `VOPRF(.verifiable).finalize` on the result; the output
    /// is that of a server that holds the whole key.
    /// - Throws: `RistrettoError.wrongPurpose`, `.badElementCount`, `.invalidElement` (the identity is refused too).
    package borrowing func evaluateBlinded(_ blinded: [GroupElement]) throws(RistrettoError) -> PartialEvaluation {
        try evaluate(blinded, for: .phone)
    }
}
