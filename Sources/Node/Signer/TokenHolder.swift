package import PKCS11
package import Primitives

/// A key in a token.
package struct TokenHolder: KeyHolding {
    private let key: TokenKey

    package init(_ key: TokenKey) { self.key = key }

    package var publicKey: PublicKey { key.publicKey }

    package func held(_ preimage: [UInt8]) throws(SigningRefusal) -> Signature {
        do throws(TokenError) {
            return try key.signature(over: preimage)
        } catch {
            throw .keyFailed
        }
    }
}
