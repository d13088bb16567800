internal import CSodium
package import Primitives

/// Checks Ed25519 signatures by the network's one rule, and makes every `Verified` outside simulations and tests.
///
/// The rule, since libraries differ in the edge cases: S is below the group order; A and R are canonical encodings of
/// points that are not of small order; R = S·B − k·A holds without multiplying by the cofactor; and A lies in the
/// prime-order subgroup, which is checked once, when a key is registered. libsodium 1.0.18 refuses a large S and a
/// non-canonical or small A and a small R by itself, and compares R with the canonical encoding of the computed point;
/// the must-reject tests hold it to that. Batches are never verified together: a batch equation accepts signatures
/// that the single one refuses.
package struct SignatureVerifier: Sendable {
    package init() {}

    /// True when the signature is by this key over exactly these bytes.
    package func isValid(_ check: SignatureCheck) -> Bool {
        Sodium.start()
        let signature = check.signature.bytes
        let key = check.key.bytes
        return unsafe crypto_sign_verify_detached(signature, check.preimage, UInt64(check.preimage.count), key) == 0
    }

    /// The value with the mark that it was checked, or nil when it cannot be true, one of its signatures fails, or it
    /// would register a key that must not be.
    package func verified<Value: Verifiable>(
        _ value: Value, in context: Value.VerificationContext
    ) -> Verified<Value>? {
        guard let checks = value.signatureChecks(in: context), checks.allSatisfy(isValid),
            value.keysToRegister.allSatisfy(\.isAcceptableForRegistration)
        else { return nil }
        return Verified(unchecked: value)
    }
}

extension PublicKey {
    /// True for a canonical point of the prime-order subgroup other than the identity. A key that is not must never
    /// be registered, since the check of a signature alone would let one secret sign for two keys.
    package var isAcceptableForRegistration: Bool {
        Sodium.start()
        return unsafe crypto_core_ed25519_is_valid_point(bytes) == 1
    }
}
