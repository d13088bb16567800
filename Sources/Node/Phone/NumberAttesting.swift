import Crypto
import Ledger
import Primitives
import Wire

/// How a validator is shown that a member holds a number: a registrar's word, a certificate chain with the number, a
/// code that was sent to it.
package protocol NumberAttesting: Sendable {
    /// The claim that the evidence bears out; nil when it bears out none.
    func claim(from evidence: [UInt8]) async -> NumberClaim?
}

/// Believes an active registrar: the evidence is its signed `NumberClaim`. The registrar saw, outside this network,
/// that the member holds the number; that the location belongs to the number is its word too, since one validator alone
/// cannot compute it.
struct RegistrarAttesting: NumberAttesting {
    let chain: ChainActor
    private let verifier = SignatureVerifier()

    init(chain: ChainActor) { self.chain = chain }

    func claim(from evidence: [UInt8]) async -> NumberClaim? {
        guard let object = try? SignedObject(decoding: evidence), object.body.count <= NumberClaim.byteCountMax,
            let claim = try? NumberClaim(decoding: object.body),
            await isActiveRegistrar(object.key),
            verifier.isValid(object.signatureCheck(kind: .numberStatement, chain: chain.rules.chain))
        else { return nil }
        return claim
    }

    private func isActiveRegistrar(_ key: PublicKey) async -> Bool {
        guard let owner = try? await chain.entry(OwnerEntry.self, StateKey(.signingKey, key)),
            let entry = try? await chain.entry(MemberEntry.self, StateKey(.member, owner.member))
        else { return false }
        return entry.standing == .active && entry.roles.contains(.registrar) && entry.keys.sign == key
    }
}
