package import Primitives

extension VOPRF {
    /// Hides a phone number in its one spelling: the first step of finding a person.
    /// - Throws: `RistrettoError.invalidElement`, which happens to nobody.
    package func blind(_ number: PhoneNumber) throws(RistrettoError) -> VOPRFBlinding {
        try blind(Array(number.exposed.utf8))
    }
}

extension ThresholdShare {
    /// A validator's part in locating phone numbers: its share times each blinded element, with a proof. The client
    /// checks and combines with `ThresholdCombiner` and calls `VOPRF(.verifiable).finalize` on the result; the output
    /// is that of a server that holds the whole key.
    /// - Throws: `RistrettoError.wrongPurpose`, `.badElementCount`, `.invalidElement` (the identity is refused too).
    package borrowing func evaluateBlinded(_ blinded: [GroupElement]) throws(RistrettoError) -> PartialEvaluation {
        try evaluate(blinded, for: .phone)
    }
}
