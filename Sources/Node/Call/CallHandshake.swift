import Crypto
import EventLoop
import ICE
import Ledger
import MediaEndpoint
import Primitives
import Signalling
import Wire

/// The keys and papers of one call leg: what is signed and sealed, and what is checked of the other side's.
///
/// Not `Sendable`: it lives inside the session's actor.
struct CallHandshake {
    /// The one roster epoch of a call of two.
    static let rosterEpoch = RosterEpoch(1)

    let chain: ChainID
    let call: CallID
    let side: CallLeg.Side
    let member: MemberID
    let keys: DeviceKeys
    let peer: MemberID
    let peerKeys: MemberKeys
    let fingerprint: Digest
    let callKey = SigningKey.generate()
    let mediaKey = SecureRandom.bytes(count: SessionMessage.mediaKeyByteCount)
    private let nonce = Digest.random()
    private let ephemeral = AgreementSecret.generate()
    /// SHA-256 of the signed invite.
    private var invite = Digest.zero
    private var prekey = AgreementKey.zero
    private var oneTimeKey: AgreementKey?
    private var secrets: CallSecrets?
    /// The caller's promises in its invite, for the callee to hold it to.
    private var promised: Invite?
    private var checked: CheckedPeer?

    /// What the other side has proven of itself.
    struct CheckedPeer {
        let callKey: PublicKey
        /// Its member's word for that key.
        let certificate: SignedObject
        let fingerprint: Digest
        let nonce: Digest
        let mediaKey: [UInt8]
        let transport: MediaEndpoint.TransportDescription
    }

    /// The caller's side.
    init(
        calling peer: MemberID, _ peerKeys: MemberKeys, from member: MemberID, _ keys: DeviceKeys, chain: ChainID,
        fingerprint: Digest
    ) {
        (self.peer, self.peerKeys, self.member, self.keys) = (peer, peerKeys, member, keys)
        (self.chain, self.fingerprint, side) = (chain, fingerprint, .caller)
        call = CallID(raw: Digest.random().raw)
    }

    /// The callee's side.
    /// - Throws: `.protocolError` when the caller's keys cannot be used.
    init(
        answering opened: OpenedInvite, as member: MemberID, _ keys: DeviceKeys, chain: ChainID, fingerprint: Digest
    ) throws(EndReason) {
        (peer, peerKeys, self.member, self.keys) = (opened.invite.from, opened.callerKeys, member, keys)
        (self.chain, self.fingerprint, side) = (chain, fingerprint, .callee)
        (call, invite, promised) = (opened.invite.call, opened.digest, opened.invite)
        let parties = CallSecrets.Parties(
            callerIdentity: opened.callerKeys.agreement, calleeIdentity: keys.agreement.publicKey,
            callerEphemeral: opened.invite.ephemeral, calleeEphemeral: ephemeral.publicKey,
            prekey: opened.prekey.publicKey, oneTimeKey: opened.oneTimeKey?.publicKey)
        do {
            secrets = try CallSecrets(
                calleeIdentity: keys.agreement, calleeEphemeral: ephemeral, prekey: opened.prekey,
                oneTimeKey: opened.oneTimeKey, parties: parties, invite: opened.digest, chain: chain)
        } catch { throw .protocolError }
    }

    /// Whether messages can be sealed: the caller can when the callee has answered for the first time.
    var hasSecrets: Bool { secrets != nil }
    var peerMediaKey: [UInt8]? { checked?.mediaKey }

    // MARK: The invite

    /// The caller's invite, signed and sealed to the callee's prekeys.
    /// - Throws: `.protocolError` when a prekey is not a usable key.
    mutating func makeInvite(
        prekey: AgreementKey, oneTimeKey: AgreementKey?, replyTo: MailboxAddress, wantsVideo: Bool
    ) throws(EndReason) -> [UInt8] {
        var hash = SHA256()
        let body = Invite(
            call: call, from: member, to: peer, time: SystemTime.utc, ephemeral: ephemeral.publicKey,
            commitment: ShortAuthentication.commitment(call: call, nonce: nonce, with: &hash),
            fingerprint: fingerprint, callKey: callKey.publicKey, replyTo: replyTo, wantsVideo: wantsVideo)
        let signed = keys.sign.sign(.invite, chain: chain, body: body.encoded).encoded
        invite = SHA256.hash(signed)
        (self.prekey, self.oneTimeKey) = (prekey, oneTimeKey)
        guard let padded = SealedInvite.pad(signed),
            let sealed = try? InviteSeal.seal(padded, prekey: prekey, oneTimeKey: oneTimeKey, chain: chain)
        else { throw .protocolError }
        return SealedInvite(
            prekey: prekey, oneTimeKey: oneTimeKey, ephemeral: sealed.ephemeral, ciphertext: sealed.ciphertext
        ).encoded
    }

    // MARK: Session messages

    /// - Throws: `.protocolError` before there are keys, or when a call has used them up.
    mutating func seal(_ message: SessionMessage) throws(EndReason) -> [UInt8] {
        guard let secrets else { throw .protocolError }
        func packet(_ ciphertext: [UInt8]) -> SessionPacket {
            SessionPacket(
                call: call, sender: side == .caller ? .caller : .callee, count: count,
                ephemeral: side == .callee ? ephemeral.publicKey : nil, ciphertext: ciphertext)
        }
        let count = secrets.nextCount
        let header = packet([]).associatedData
        do { return packet(try secrets.seal(message.encoded, authenticating: header)).encoded } catch {
            throw .protocolError
        }
    }

    /// The message inside; nil for what is not the other side's, came before, or cannot be read: whoever knows the
    /// mailbox can post such a thing, so it ends no call.
    mutating func open(_ packet: SessionPacket) -> SessionMessage? {
        guard packet.call == call, (packet.sender == .caller) == (side == .callee) else { return nil }
        guard let secrets = secrets ?? callerSecrets(for: packet) else { return nil }
        guard
            let bytes = try? secrets.open(
                packet.ciphertext, count: packet.count, authenticating: packet.associatedData)
        else { return nil }
        self.secrets = secrets
        return try? SessionMessage(decoding: bytes)
    }

    private func callerSecrets(for packet: SessionPacket) -> CallSecrets? {
        guard let theirs = packet.ephemeral else { return nil }
        let parties = CallSecrets.Parties(
            callerIdentity: keys.agreement.publicKey, calleeIdentity: peerKeys.agreement,
            callerEphemeral: ephemeral.publicKey, calleeEphemeral: theirs, prekey: prekey, oneTimeKey: oneTimeKey)
        return try? CallSecrets(
            callerIdentity: keys.agreement, callerEphemeral: ephemeral, parties: parties, invite: invite, chain: chain)
    }

    // MARK: Reveals

    /// What this side commits to the call with.
    /// - Throws: `.protocolError` before the other side's per-call key is known.
    func reveal(_ transport: MediaEndpoint.TransportDescription) throws(EndReason) -> SessionMessage.Reveal {
        guard let certificate else { throw .protocolError }
        return SessionMessage.Reveal(
            certificate: certificate, nonce: nonce, transport: try describe(transport), mediaKey: Redacted(mediaKey))
    }

    /// The member's certificate for its per-call key; nil before the other side's is known.
    var certificate: SignedObject? {
        guard let roster else { return nil }
        let body = CallCertificate(call: call, member: member, callKey: callKey.publicKey, roster: roster).encoded
        return keys.sign.sign(.callKey, chain: chain, body: body)
    }

    /// This side's transport with the binding that covers it.
    func describe(
        _ transport: MediaEndpoint.TransportDescription
    ) throws(EndReason) -> Signalling.TransportDescription {
        guard let peerFingerprint = checked?.fingerprint ?? promised?.fingerprint else { throw .protocolError }
        var hash = SHA256()
        let credentials = transport.credentials
        let binding = TransportBinding(
            call: call, from: member, to: peer, fingerprint: fingerprint, peerFingerprint: peerFingerprint,
            credentials: TransportBinding.hash(
                userFragment: credentials.userFragment, password: credentials.password.exposed, with: &hash),
            role: side == .caller ? .active : .passive, roster: Self.rosterEpoch)
        return Signalling.TransportDescription(
            userFragment: credentials.userFragment, password: credentials.password,
            candidates: Self.lines(transport.candidates),
            binding: keys.sign.sign(.transport, chain: chain, body: binding.encoded))
    }

    /// Candidates as they travel; those beyond the limits stay behind.
    static func lines(_ candidates: [ICECandidate]) -> [Redacted<String>] {
        let lines = candidates.map(\.line).filter {
            $0.exposed.utf8.count <= Signalling.TransportDescription.candidateByteCountMax
        }
        return Array(lines.prefix(Signalling.TransportDescription.candidatesMax))
    }

    /// Holds the other side to everything it said: its member's key on the ledger, its invite, this roster, our own
    /// certificate, and the commitment of its nonce.
    /// - Throws: the reason to end the call.
    mutating func check(_ reveal: SessionMessage.Reveal) throws(EndReason) -> CheckedPeer {
        let context = SignedPrekey<PrekeyBundle>.Context(chain: chain, key: peerKeys.sign)
        guard let signed = try? SignedCallCertificate(reveal.certificate),
            let certificate = SignatureVerifier().verified(signed, in: context)?.value.certificate,
            certificate.call == call, certificate.member == peer,
            certificate.callKey == promised?.callKey ?? certificate.callKey,
            certificate.callKey.isAcceptableForRegistration, certificate.callKey != callKey.publicKey,
            certificate.roster == rosterHash(with: certificate.callKey)
        else { throw .identityMismatch }
        var hash = SHA256()
        if let promised {
            let commitment = ShortAuthentication.commitment(call: call, nonce: reveal.nonce, with: &hash)
            guard commitment == promised.commitment else { throw .commitmentMismatch }
        }
        let (fingerprint, transport) = try check(reveal.transport)
        let peer = CheckedPeer(
            callKey: certificate.callKey, certificate: reveal.certificate, fingerprint: fingerprint,
            nonce: reveal.nonce,
            mediaKey: reveal.mediaKey.exposed, transport: transport)
        checked = peer
        return peer
    }

    /// Holds a transport's binding against its member and this call.
    func check(
        _ description: Signalling.TransportDescription
    ) throws(EndReason) -> (Digest, MediaEndpoint.TransportDescription) {
        let context = SignedPrekey<PrekeyBundle>.Context(chain: chain, key: peerKeys.sign)
        guard let signed = try? SignedTransport(description),
            let transport = SignatureVerifier().verified(signed, in: context)?.value,
            transport.binding.roster == Self.rosterEpoch
        else { throw .identityMismatch }
        var hash = SHA256()
        let role: TransportBinding.Role = side == .caller ? .passive : .active
        if let reason = transport.mismatch(
            call: call, from: peer, to: member, role: role, ownFingerprint: fingerprint, with: &hash)
        {
            throw reason
        }
        let shown = transport.binding.fingerprint
        guard shown == checked?.fingerprint ?? promised?.fingerprint ?? shown else { throw .fingerprintMismatch }
        guard
            let credentials = ICECredentials(
                userFragment: description.userFragment, password: description.password)
        else { throw .protocolError }
        return (
            shown,
            MediaEndpoint.TransportDescription(
                credentials: credentials, fingerprint: shown, setup: side == .caller ? .passive : .active,
                candidates: description.candidates.compactMap { try? ICECandidate($0) })
        )
    }

    // MARK: What both know in the end

    /// What the two people compare; nil before both nonces are known.
    var shortAuthentication: ShortAuthentication? {
        guard let checked else { return nil }
        var hash = SHA256()
        hash.update(invite.bytes)
        let (caller, callee) =
            side == .caller ? (keys.sign.publicKey, peerKeys.sign) : (peerKeys.sign, keys.sign.publicKey)
        hash.update(caller.bytes)
        hash.update(callee.bytes)
        let transcript = hash.finish()
        return ShortAuthentication(
            call: call, callerNonce: side == .caller ? nonce : checked.nonce,
            calleeNonce: side == .caller ? checked.nonce : nonce, transcript: transcript, with: &hash)
    }

    /// Who is in the call; nil before the other side's per-call key is proven.
    var callRoster: CallRoster? {
        guard let checked, let roster else { return nil }
        return CallRoster(
            call: call, epoch: Self.rosterEpoch, ownKey: callKey.publicKey, peerKey: checked.callKey, peer: peer,
            ownSender: side == .caller ? 1 : 2, peerSender: side == .caller ? 2 : 1, hash: roster)
    }

    /// The other member's certificate for its per-call key; nil before it is proven.
    var peerCertificate: SignedObject? { checked?.certificate }

    private var roster: Digest? { (checked?.callKey ?? promised?.callKey).map { rosterHash(with: $0) } }

    private func rosterHash(with other: PublicKey) -> Digest {
        var hash = SHA256()
        return RosterHash.make(call: call, keys: [callKey.publicKey, other], with: &hash)
    }
}

/// An invite that the device opened, with the secrets it was sealed to.
struct OpenedInvite: Sendable {
    let invite: Invite
    /// SHA-256 of the signed invite.
    let digest: Digest
    /// As the ledger names them.
    let callerKeys: MemberKeys
    let prekey: AgreementSecret
    let oneTimeKey: AgreementSecret?
}

extension Digest {
    /// 32 random bytes.
    static func random() -> Digest { Digest(SecureRandom.bytes(count: Bytes32.byteCount)) ?? .zero }
}
