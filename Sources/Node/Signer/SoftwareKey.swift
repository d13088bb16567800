package import Crypto
package import Primitives

/// A key from a file, in locked memory.
package struct SoftwareKey: KeyHolding {
    private let key: SigningKey

    package init(_ key: SigningKey) { self.key = key }

    package var publicKey: PublicKey { key.publicKey }

    package func held(_ preimage: [UInt8]) -> Signature { key.signature(over: preimage) }
}
