package import Primitives

/// What a member asks of every validator for a share of a threshold evaluation. One signed request goes to all of them
/// alike, so that a second asking with the same bytes is the same request and is answered, and counted, once.
package protocol KeyRequest: WireObject, Hashable {
    /// What the member's key signs it as.
    static var kind: SigningKind { get }
    /// The longest body.
    static var byteCountMax: Int { get }
    /// Who asks.
    var member: MemberID { get }
    /// When, by the member's clock: a validator refuses what lies too far from the newest record's time.
    var time: Timestamp { get }
}

/// A key request with its member's signature. Not yet checked.
package struct SignedKeyRequest<Body: KeyRequest>: Hashable, Sendable {
    package let request: Body
    package let object: SignedObject

    /// - Throws: `WireError.limitExceeded` for a body above the limit of its kind, and whatever its decoder throws.
    package init(_ object: SignedObject) throws(WireError) {
        guard object.body.count <= Body.byteCountMax else {
            throw .limitExceeded(at: 0, limit: UInt64(Body.byteCountMax))
        }
        request = try Body(decoding: object.body)
        self.object = object
    }
}

extension SignedKeyRequest: Verifiable {
    /// The chain, and the key that signs for the member now.
    package struct Context: Sendable {
        package let chain: ChainID
        package let key: PublicKey

        package init(chain: ChainID, key: PublicKey) {
            self.chain = chain
            self.key = key
        }
    }

    package func signatureChecks(in context: Context) -> [SignatureCheck]? {
        guard object.key == context.key else { return nil }
        return [object.signatureCheck(kind: Body.kind, chain: context.chain)]
    }
}
