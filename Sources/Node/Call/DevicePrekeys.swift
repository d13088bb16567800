import Crypto
import EventLoop
import Primitives
import Signalling
import Wire

/// The secret halves of what a phone has published.
struct DevicePrekeys: Sendable {
    let secret = AgreementSecret.generate()
    let bundle: SignedObject
    /// Signed one-time keys, to publish beside the bundle.
    let oneTimeKeys: [SignedObject]
    private var oneTimeSecrets: [AgreementKey: AgreementSecret] = [:]

    init(member: MemberID, keys: DeviceKeys, chain: ChainID, count: Int, expiry: Timestamp) {
        bundle = keys.sign.sign(
            .prekeys, chain: chain,
            body: PrekeyBundle(
                member: member, prekey: secret.publicKey, identity: keys.agreement.publicKey, expiry: expiry
            ).encoded)
        var signed: [SignedObject] = []
        for _ in 0..<count {
            let one = AgreementSecret.generate()
            oneTimeSecrets[one.publicKey] = one
            let body = OneTimePrekey(member: member, key: one.publicKey, expiry: expiry).encoded
            signed.append(keys.sign.sign(.oneTimePrekey, chain: chain, body: body))
        }
        oneTimeKeys = signed
    }

    /// What stands in the phone record.
    var bundleID: CID {
        var hash = SHA256()
        return CID(of: bundle.encoded, .dagCBOR, with: &hash)
    }

    /// What an invite says, unopened by anybody else; nil when it is not sealed to these keys.
    func open(_ sealed: SealedInvite, chain: ChainID) -> (
        signed: SignedInvite, digest: Digest, oneTime: AgreementSecret?
    )? {
        guard sealed.prekey == secret.publicKey else { return nil }
        let oneTime = sealed.oneTimeKey.flatMap { oneTimeSecrets[$0] }
        // A one-time key that is used up, or was never ours.
        guard (oneTime == nil) == (sealed.oneTimeKey == nil) else { return nil }
        let seal = InviteSeal.Sealed(ephemeral: sealed.ephemeral, ciphertext: sealed.ciphertext)
        guard let padded = try? InviteSeal.open(seal, prekey: secret, oneTimeKey: oneTime, chain: chain),
            let bytes = SealedInvite.unpad(padded), let object = try? SignedObject(decoding: bytes),
            let signed = try? SignedInvite(object)
        else { return nil }
        return (signed, SHA256.hash(bytes), oneTime)
    }

    /// Forgets a one-time key whose invite was taken.
    mutating func use(_ key: AgreementKey) { oneTimeSecrets[key] = nil }
}
