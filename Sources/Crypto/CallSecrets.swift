package import Primitives

/// The keys that two participants of a call derive once the callee has answered, and the packets sealed under them.
///
/// Material = X25519(eA, eB) ‖ X25519(idA, eB) ‖ X25519(eA, idB) ‖ X25519(eA, SPK) ‖ [X25519(eA, OPK)], where A calls
/// and B answers; salt = SHA-256("sotto/1/call" ‖ 0x00 ‖ chain ‖ SHA-256(signed invite) ‖ eB ‖ idA ‖ idB). One
/// AES-256-GCM key for each direction; the nonce is the packet's count.
///
/// Reading the callee's packets takes idA or eA, writing them takes idB and eB: a stolen signed prekey impersonates
/// nobody, and a stolen identity key lets nobody be impersonated to its owner. Whoever recorded a call and later steals
/// every long-term key reads nothing, since eA and eB are gone.
package final class CallSecrets {
    package enum Side: Sendable { case caller, callee }

    /// Public keys of the call, as both sides know them.
    package struct Parties: Sendable {
        package let callerIdentity: AgreementKey
        package let calleeIdentity: AgreementKey
        package let callerEphemeral: AgreementKey
        package let calleeEphemeral: AgreementKey
        package let prekey: AgreementKey
        package let oneTimeKey: AgreementKey?

        package init(
            callerIdentity: AgreementKey, calleeIdentity: AgreementKey, callerEphemeral: AgreementKey,
            calleeEphemeral: AgreementKey, prekey: AgreementKey, oneTimeKey: AgreementKey?
        ) {
            self.callerIdentity = callerIdentity
            self.calleeIdentity = calleeIdentity
            self.callerEphemeral = callerEphemeral
            self.calleeEphemeral = calleeEphemeral
            self.prekey = prekey
            self.oneTimeKey = oneTimeKey
        }
    }

    /// Packets of one direction: a call of days stays far below.
    package static let packetsMax: UInt64 = 1 << 32

    private let sealing: AEAD
    private let opening: AEAD
    private var sealed: UInt64 = 0
    /// The count that the next packet of the other side must have: what was lost or reordered on the way is noticed.
    private var expected: UInt64 = 0

    /// The caller's view.
    /// - Parameter invite: SHA-256 of the signed invite's encoding.
    /// - Throws: `CryptoError.badPoint` for a key of small order.
    package init(
        callerIdentity: AgreementSecret, callerEphemeral: AgreementSecret, parties: Parties, invite: Digest,
        chain: ChainID
    ) throws(CryptoError) {
        let material = AgreementMaterial()
        try material.add(callerEphemeral, parties.calleeEphemeral)
        try material.add(callerIdentity, parties.calleeEphemeral)
        try material.add(callerEphemeral, parties.calleeIdentity)
        try material.add(callerEphemeral, parties.prekey)
        if let oneTimeKey = parties.oneTimeKey { try material.add(callerEphemeral, oneTimeKey) }
        let salt = Self.salt(parties, invite, chain)
        sealing = AEAD(key: material.key(salt: salt, info: "caller to callee"))
        opening = AEAD(key: material.key(salt: salt, info: "callee to caller"))
    }

    /// The callee's view.
    /// - Parameter invite: SHA-256 of the signed invite's encoding.
    /// - Throws: `CryptoError.badPoint` for a key of small order.
    package init(
        calleeIdentity: AgreementSecret, calleeEphemeral: AgreementSecret, prekey: AgreementSecret,
        oneTimeKey: AgreementSecret?, parties: Parties, invite: Digest, chain: ChainID
    ) throws(CryptoError) {
        let material = AgreementMaterial()
        try material.add(calleeEphemeral, parties.callerEphemeral)
        try material.add(calleeEphemeral, parties.callerIdentity)
        try material.add(calleeIdentity, parties.callerEphemeral)
        try material.add(prekey, parties.callerEphemeral)
        if let oneTimeKey { try material.add(oneTimeKey, parties.callerEphemeral) }
        let salt = Self.salt(parties, invite, chain)
        sealing = AEAD(key: material.key(salt: salt, info: "callee to caller"))
        opening = AEAD(key: material.key(salt: salt, info: "caller to callee"))
    }

    /// The count that the next sealed packet carries.
    package var nextCount: UInt64 { sealed }

    /// Seals the next packet, which carries `nextCount` as it was before.
    package func seal(_ plaintext: [UInt8], authenticating header: [UInt8]) throws(CryptoError) -> [UInt8] {
        guard sealed < Self.packetsMax else { throw .limitExceeded }
        let output = try sealing.seal(plaintext, nonce: Nonce(counter: sealed), authenticating: header)
        sealed += 1
        return output
    }

    /// Opens the other side's packet. Packets come in order; a mailbox may repeat one, and may lose none.
    /// - Throws: `CryptoError.replayed` for one that was opened before, `.authenticationFailed` for one that is not the
    ///   other side's or comes too early.
    package func open(
        _ ciphertext: [UInt8], count: UInt64, authenticating header: [UInt8]
    ) throws(CryptoError) -> [UInt8] {
        guard count >= expected else { throw .replayed }
        guard count == expected else { throw .authenticationFailed }
        let output = try opening.open(ciphertext, nonce: Nonce(counter: count), authenticating: header)
        expected += 1
        return output
    }

    private static func salt(_ parties: Parties, _ invite: Digest, _ chain: ChainID) -> [UInt8] {
        SHA256.hash(
            Array("sotto/1/call".utf8) + [0] + chain.bytes + invite.bytes + parties.calleeEphemeral.bytes
                + parties.callerIdentity.bytes + parties.calleeIdentity.bytes
        ).bytes
    }
}
