/// A value whose signatures were checked against keys that the checker knows.
///
/// Only `Crypto` makes one (`SignatureVerifier`), and the simulator and tests, which sign nothing. A core that takes
/// `Verified<Vote>` cannot be handed a vote that nobody checked.
package struct Verified<Value> {
    package let value: Value

    /// Says that the signatures were checked. A tidy test bans this outside `Crypto`, `Simulation` and tests.
    package init(unchecked value: Value) { self.value = value }
}

extension Verified: Equatable where Value: Equatable {}
extension Verified: Hashable where Value: Hashable {}
extension Verified: Sendable where Value: Sendable {}

/// One signature to check: the exact bytes signed, by whom, and the signature.
package struct SignatureCheck: Hashable, Sendable {
    package let preimage: [UInt8]
    package let key: PublicKey
    package let signature: Signature

    package init(preimage: [UInt8], key: PublicKey, signature: Signature) {
        self.preimage = preimage
        self.key = key
        self.signature = signature
    }
}

/// A value that knows which signatures make it true.
package protocol Verifiable {
    /// What the checks need to know: the chain, the validator set, a member's key.
    associatedtype VerificationContext

    /// The signatures that must all hold, or nil when the value cannot be true whatever they say: an unknown signer,
    /// one signer twice, fewer than a quorum.
    func signatureChecks(in context: VerificationContext) -> [SignatureCheck]?

    /// The Ed25519 keys that the value would register. Each must be a point of the prime-order subgroup, or the value
    /// is refused: the check of a signature alone does not see to that. None, for most values.
    var keysToRegister: [PublicKey] { get }
}

extension Verifiable {
    package var keysToRegister: [PublicKey] { [] }
}
