package import Primitives

/// Remembers signatures that were checked, so that the same one in another message is not checked again: votes come
/// alone, then in certificates, then in the justification of the next block.
///
/// What is remembered is the whole check, preimage, key and signature, so a hit says exactly what a check would. Two
/// generations bound it: when the younger is full, the older is forgotten.
package struct SignatureMemory: Sendable {
    /// Checks in one generation: some hundred blocks of four validators. Default 2,048.
    private let countMax: Int
    private let verifier = SignatureVerifier()
    private var younger: Set<SignatureCheck> = []
    private var older: Set<SignatureCheck> = []

    package init(countMax: Int = 2_048) { self.countMax = countMax }

    /// As `SignatureVerifier.verified`, sparing the signatures that held before. What does not hold is not remembered.
    package mutating func verified<Value: Verifiable>(
        _ value: Value, in context: Value.VerificationContext
    ) -> Verified<Value>? {
        guard let checks = value.signatureChecks(in: context) else { return nil }
        for check in checks {
            if younger.contains(check) { continue }
            guard older.contains(check) || verifier.isValid(check) else { return nil }
            if younger.count >= countMax {
                older = younger
                younger = []
            }
            younger.insert(check)
        }
        guard value.keysToRegister.allSatisfy(\.isAcceptableForRegistration) else { return nil }
        return Verified(unchecked: value)
    }
}
