package import Primitives

extension Signing {
    /// Signs `body` as a thing of this kind on this chain.
    package func sign(_ kind: SigningKind, chain: ChainID, body: [UInt8]) -> SignedObject {
        SignedObject(key: publicKey, signature: signature(kind, chain: chain, body: body), body: body)
    }

    /// The signature alone, for objects that carry it in fields of their own.
    package func signature(_ kind: SigningKind, chain: ChainID, body: [UInt8]) -> Signature {
        signature(over: kind.preimage(chain: chain, body: body))
    }
}
