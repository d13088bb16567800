import Node
import Primitives
import Signalling
import Wire

extension Golden {
    /// What the ends of a call say to each other.
    static var calls: [Golden] {
        let certificate = CallCertificate(
            call: Sample.id("call"), member: Sample.id("alice"), callKey: Sample.publicKey("call key"),
            roster: Sample.digest("roster"))
        let binding = TransportBinding(
            call: Sample.id("call"), from: Sample.id("alice"), to: Sample.id("bob"),
            fingerprint: Sample.digest("fingerprint"),
            peerFingerprint: Sample.digest("other fingerprint"), credentials: Sample.digest("credentials"),
            role: .active,
            roster: RosterEpoch(65_535))
        let transport = TransportDescription(
            userFragment: "f7gI", password: Redacted("x9cml/YzichV2+XlhiMu8g"),
            candidates: [Redacted("candidate:1 1 UDP 2130706431 192.0.2.7 8998 typ host")],
            binding: Sample.signed(binding, .transport, by: "alice"))
        let reveal = SessionMessage.Reveal(
            certificate: Sample.signed(certificate, .callKey, by: "alice"), nonce: Sample.digest("nonce"),
            transport: transport, mediaKey: Redacted(Sample.bytes("media key", count: 32)))
        let messages: [(String, SessionMessage)] = [
            ("ringing", .ringing), ("accept", .accept(reveal)), ("confirm", .confirm(reveal)),
            ("candidates", .candidates(transport.candidates)), ("end", .end(.shutDown)),
            ("recording", .recording([1, 2, 3])),
            ("media-key", .mediaKey(RosterEpoch(2), Redacted(Sample.bytes("media key", count: 32)))),
            ("media-key-received", .mediaKeyReceived(RosterEpoch(2))), ("restart", .restart(transport)),
        ]
        return [
            Golden("call-certificate", certificate), Golden("transport-binding", binding),
            Golden("transport-description", transport) { transport in
                _ = try TransportBinding(decoding: transport.binding.body)
            },
        ] + invitation + homes + packets + messages.map { Golden("session-message+\($0)", $1) }
    }

    private static var invitation: [Golden] {
        let invite = Invite(
            call: Sample.id("call"), from: Sample.id("alice"), to: Sample.id("bob"), time: Sample.time(),
            ephemeral: Sample.id("ephemeral"), commitment: Sample.digest("commitment"),
            fingerprint: Sample.digest("fingerprint"), callKey: Sample.publicKey("call key"),
            replyTo: MailboxAddress(node: Sample.id("home"), mailbox: Sample.id("mailbox")), wantsVideo: true)
        let sealed = SealedInvite(
            prekey: Sample.id("prekey"), oneTimeKey: nil, ephemeral: Sample.id("ephemeral"),
            ciphertext: Sample.bytes("invite", count: 1_040))
        let once = SealedInvite(
            prekey: Sample.id("prekey"), oneTimeKey: Sample.id("one-time key"), ephemeral: Sample.id("ephemeral"),
            ciphertext: [])
        let bundle = PrekeyBundle(
            member: Sample.id("bob"), prekey: Sample.id("prekey"), identity: Sample.id("identity"),
            expiry: Sample.time(86_400_000))
        return [
            Golden("invite", invite), Golden("sealed-invite", sealed), Golden("sealed-invite+once", once),
            Golden("prekey-bundle", bundle),
            Golden(
                "one-time-prekey",
                OneTimePrekey(member: Sample.id("bob"), key: Sample.id("one-time key"), expiry: Sample.time())),
            Golden("mailbox-address", MailboxAddress(node: Sample.id("home"), mailbox: Sample.id("mailbox"))),
        ]
    }

    /// What home nodes say to each other.
    private static var homes: [Golden] {
        let bundle = PrekeyBundle(
            member: Sample.id("bob"), prekey: Sample.id("prekey"), identity: Sample.id("identity"),
            expiry: Sample.time(86_400_000))
        let oneTime = OneTimePrekey(member: Sample.id("bob"), key: Sample.id("one-time key"), expiry: Sample.time())
        let pair = PrekeyPair(
            bundle: Sample.signed(bundle, .prekeys, by: "bob"),
            oneTime: Sample.signed(oneTime, .oneTimePrekey, by: "bob"))
        return [
            Golden("mailbox-post", MailboxPost(mailbox: Sample.id("mailbox"), content: [1, 2, 3])),
            Golden("mailbox-receipt", MailboxReceipt(refusal: nil)),
            Golden("mailbox-receipt+refused", MailboxReceipt(refusal: .full)),
            Golden("prekey-question", PrekeyQuestion(mailbox: Sample.id("mailbox"))),
            Golden("prekey-answer", PrekeyAnswer(.success(pair))),
            Golden("prekey-answer+last", PrekeyAnswer(.success(PrekeyPair(bundle: pair.bundle, oneTime: nil)))),
            Golden("prekey-answer+refused", PrekeyAnswer(.failure(.noPrekeys))),
        ]
    }

    private static var packets: [Golden] {
        [
            Golden(
                "session-packet+caller",
                SessionPacket(
                    call: Sample.id("call"), sender: .caller, count: 24, ephemeral: nil,
                    ciphertext: Sample.bytes("packet", count: 64))),
            Golden(
                "session-packet+callee",
                SessionPacket(
                    call: Sample.id("call"), sender: .callee, count: 0, ephemeral: Sample.id("ephemeral"),
                    ciphertext: Sample.bytes("packet", count: 64))),
        ]
    }
}
