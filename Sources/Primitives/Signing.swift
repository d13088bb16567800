/// A key that signs, seen from code that need not know how keys are held. Never stored in a core.
package protocol Signing: Sendable {
    /// The key that a checker needs.
    var publicKey: PublicKey { get }
    /// The Ed25519 signature over exactly these bytes. Callers go through `sign(_:chain:body:)` of `Wire`, which
    /// builds the preimage of a kind.
    func signature(over preimage: [UInt8]) -> Signature
}
