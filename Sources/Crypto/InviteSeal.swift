package import Primitives

/// The seal of a call's invite: to the callee's signed prekey and, when there is one, a one-time prekey.
///
/// Key = HKDF-SHA-256(X25519(e, SPK) ‖ [X25519(e, OPK)], salt = SHA-256("sotto/1/invite-seal" ‖ 0x00 ‖ chain ‖ e ‖ SPK
/// ‖ [OPK]), info = "key"); AES-256-GCM under a nonce of zeros, since each key seals once. It hides the caller from all
/// but the callee; it authenticates nobody: the signature inside and the session keys after the answer do.
package enum InviteSeal {
    package struct Sealed: Equatable, Sendable {
        /// The seal's ephemeral key e.
        package let ephemeral: AgreementKey
        package let ciphertext: [UInt8]

        package init(ephemeral: AgreementKey, ciphertext: [UInt8]) {
            self.ephemeral = ephemeral
            self.ciphertext = ciphertext
        }
    }

    /// - Throws: `CryptoError.badPoint` for a prekey of small order.
    package static func seal(
        _ plaintext: [UInt8], prekey: AgreementKey, oneTimeKey: AgreementKey?, chain: ChainID
    ) throws(CryptoError) -> Sealed {
        let ephemeral = AgreementSecret.generate()
        let material = AgreementMaterial()
        try material.add(ephemeral, prekey)
        if let oneTimeKey { try material.add(ephemeral, oneTimeKey) }
        let key = key(material, ephemeral.publicKey, prekey, oneTimeKey, chain)
        let sealed = try AEAD(key: key).seal(plaintext, nonce: Nonce(counter: 0))
        return Sealed(ephemeral: ephemeral.publicKey, ciphertext: sealed)
    }

    /// - Throws: `CryptoError.authenticationFailed` when these are not the keys it was sealed to.
    package static func open(
        _ sealed: Sealed, prekey: AgreementSecret, oneTimeKey: AgreementSecret?, chain: ChainID
    ) throws(CryptoError) -> [UInt8] {
        let material = AgreementMaterial()
        try material.add(prekey, sealed.ephemeral)
        if let oneTimeKey { try material.add(oneTimeKey, sealed.ephemeral) }
        let key = key(material, sealed.ephemeral, prekey.publicKey, oneTimeKey?.publicKey, chain)
        return try AEAD(key: key).open(sealed.ciphertext, nonce: Nonce(counter: 0))
    }

    private static func key(
        _ material: AgreementMaterial, _ ephemeral: AgreementKey, _ prekey: AgreementKey, _ oneTimeKey: AgreementKey?,
        _ chain: ChainID
    ) -> SecretKey {
        var label = Array("sotto/1/invite-seal".utf8) + [0] + chain.bytes + ephemeral.bytes + prekey.bytes
        if let oneTimeKey { label += oneTimeKey.bytes }
        return material.key(salt: SHA256.hash(label).bytes, info: "key")
    }
}
