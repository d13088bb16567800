import Crypto
import Primitives
import Testing

@Suite("Seals of a call")
struct CallSecretsTests {
    let chain = ChainID(raw: SHA256.hash([1]).raw)

    @Test("An invite opens with the prekeys it was sealed to and with no others")
    func inviteSeal() throws {
        let prekey = AgreementSecret.generate()
        let oneTime = AgreementSecret.generate()
        let other = AgreementSecret.generate()
        let plain: [UInt8] = [1, 2, 3]
        let sealed = try InviteSeal.seal(plain, prekey: prekey.publicKey, oneTimeKey: oneTime.publicKey, chain: chain)
        #expect(try InviteSeal.open(sealed, prekey: prekey, oneTimeKey: oneTime, chain: chain) == plain)
        for (key, once) in [(other, oneTime), (prekey, other), (prekey, nil)] as [(AgreementSecret, AgreementSecret?)] {
            #expect(throws: CryptoError.authenticationFailed) {
                try InviteSeal.open(sealed, prekey: key, oneTimeKey: once, chain: chain)
            }
        }
        #expect(throws: CryptoError.authenticationFailed) {
            try InviteSeal.open(sealed, prekey: prekey, oneTimeKey: oneTime, chain: .zero)
        }
        let plainSeal = try InviteSeal.seal(plain, prekey: prekey.publicKey, oneTimeKey: nil, chain: chain)
        #expect(try InviteSeal.open(plainSeal, prekey: prekey, oneTimeKey: nil, chain: chain) == plain)
        #expect(throws: CryptoError.badPoint) {
            try InviteSeal.seal(plain, prekey: .zero, oneTimeKey: nil, chain: chain)
        }
    }

    /// Everybody's keys in one call.
    struct Call {
        let callerIdentity = AgreementSecret.generate()
        let callerEphemeral = AgreementSecret.generate()
        let calleeIdentity = AgreementSecret.generate()
        let calleeEphemeral = AgreementSecret.generate()
        let prekey = AgreementSecret.generate()
        let oneTime = AgreementSecret.generate()
        let invite = SHA256.hash([7])
        let chain: ChainID

        var parties: CallSecrets.Parties {
            CallSecrets.Parties(
                callerIdentity: callerIdentity.publicKey, calleeIdentity: calleeIdentity.publicKey,
                callerEphemeral: callerEphemeral.publicKey, calleeEphemeral: calleeEphemeral.publicKey,
                prekey: prekey.publicKey, oneTimeKey: oneTime.publicKey)
        }

        func caller(identity: AgreementSecret? = nil, ephemeral: AgreementSecret? = nil, invite: Digest? = nil) throws
            -> CallSecrets
        {
            try CallSecrets(
                callerIdentity: identity ?? callerIdentity, callerEphemeral: ephemeral ?? callerEphemeral,
                parties: parties, invite: invite ?? self.invite, chain: chain)
        }

        func callee(identity: AgreementSecret? = nil, ephemeral: AgreementSecret? = nil, prekey: AgreementSecret? = nil)
            throws -> CallSecrets
        {
            try CallSecrets(
                calleeIdentity: identity ?? calleeIdentity, calleeEphemeral: ephemeral ?? calleeEphemeral,
                prekey: prekey ?? self.prekey, oneTimeKey: oneTime, parties: parties, invite: invite, chain: chain)
        }
    }

    @Test("Both sides derive the same keys, one for each direction")
    func agreement() throws {
        let call = Call(chain: chain)
        let caller = try call.caller()
        let callee = try call.callee()
        let answer = try callee.seal([1], authenticating: [9])
        #expect(try caller.open(answer, count: 0, authenticating: [9]) == [1])
        let confirmation = try caller.seal([2], authenticating: [])
        #expect(try callee.open(confirmation, count: 0, authenticating: []) == [2])
        let reflected = try caller.seal([3], authenticating: [])
        #expect(throws: CryptoError.authenticationFailed) {
            try caller.open(reflected, count: 1, authenticating: [])
        }
    }

    @Test("A stolen signed prekey, identity or ephemeral alone answers for nobody")
    func stolenKeys() throws {
        let call = Call(chain: chain)
        let thief = AgreementSecret.generate()
        for impostor in [
            try call.callee(identity: thief), try call.callee(ephemeral: thief), try call.callee(prekey: thief),
        ] {
            let packet = try impostor.seal([1], authenticating: [])
            let caller = try call.caller()
            #expect(throws: CryptoError.authenticationFailed) {
                try caller.open(packet, count: 0, authenticating: [])
            }
        }
        for impostor in [try call.caller(identity: thief), try call.caller(ephemeral: thief)] {
            let packet = try impostor.seal([1], authenticating: [])
            let callee = try call.callee()
            #expect(throws: CryptoError.authenticationFailed) {
                try callee.open(packet, count: 0, authenticating: [])
            }
        }
    }

    @Test("Packets open once, in order, with their header and in their call")
    func order() throws {
        let call = Call(chain: chain)
        let caller = try call.caller()
        let callee = try call.callee()
        let first = try callee.seal([1], authenticating: [])
        let second = try callee.seal([2], authenticating: [])
        #expect(throws: CryptoError.authenticationFailed) { try caller.open(second, count: 1, authenticating: []) }
        #expect(throws: CryptoError.authenticationFailed) { try caller.open(first, count: 0, authenticating: [1]) }
        #expect(try caller.open(first, count: 0, authenticating: []) == [1])
        #expect(throws: CryptoError.replayed) { try caller.open(first, count: 0, authenticating: []) }
        #expect(try caller.open(second, count: 1, authenticating: []) == [2])
        let elsewhere = try call.caller(invite: SHA256.hash([8]))
        #expect(throws: CryptoError.authenticationFailed) {
            try elsewhere.open(first, count: 0, authenticating: [])
        }
    }
}
