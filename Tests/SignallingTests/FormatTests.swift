import Crypto
import Primitives
import Signalling
import Testing
import Wire

@Suite("Formats of signalling")
struct FormatTests {
    static func transport() throws -> TransportDescription {
        let binding = TransportBinding(
            call: callID(1), from: member(1), to: member(2), fingerprint: .zero, peerFingerprint: .zero,
            credentials: .zero, role: .active, roster: RosterEpoch(1))
        return TransportDescription(
            userFragment: "abcd", password: Redacted("secret"),
            candidates: [Redacted("candidate:1 1 UDP 2130706431 127.0.0.1 9 typ host")],
            binding: try signed(binding.encoded))
    }

    static func objects() throws -> [any WireObject] {
        let invite = Invite(
            call: callID(1), from: member(1), to: member(2), time: Timestamp(5), ephemeral: .zero, commitment: .zero,
            fingerprint: .zero, callKey: .zero, replyTo: MailboxAddress(node: member(3), mailbox: mailbox(4)),
            wantsVideo: true)
        let certificate = CallCertificate(call: callID(1), member: member(1), callKey: .zero, roster: .zero)
        let reveal = SessionMessage.Reveal(
            certificate: try signed(certificate.encoded), nonce: .zero, transport: try transport(),
            mediaKey: Redacted([UInt8](repeating: 3, count: 32)))
        return [
            PrekeyBundle(member: member(1), prekey: .zero, identity: .zero, expiry: Timestamp(9)),
            OneTimePrekey(member: member(1), key: .zero, expiry: Timestamp(9)), invite, certificate, try transport(),
            try TransportBinding(decoding: try transport().binding.body),
            SealedInvite(prekey: .zero, oneTimeKey: nil, ephemeral: .zero, ciphertext: [1, 2]),
            SealedInvite(prekey: .zero, oneTimeKey: .zero, ephemeral: .zero, ciphertext: []),
            SessionMessage.ringing, SessionMessage.accept(reveal), SessionMessage.confirm(reveal),
            SessionMessage.candidates([Redacted("a"), Redacted("b")]), SessionMessage.end(.busy),
            SessionMessage.recording([1]),
            SessionMessage.mediaKey(RosterEpoch(2), Redacted([UInt8](repeating: 1, count: 32))),
            SessionMessage.mediaKeyReceived(RosterEpoch(2)), SessionMessage.restart(try transport()),
            SessionPacket(call: callID(1), sender: .caller, count: 3, ephemeral: nil, ciphertext: [1]),
            SessionPacket(call: callID(1), sender: .callee, count: 3, ephemeral: .zero, ciphertext: [1]),
        ]
    }

    @Test("Every object is canonical, and neither a prefix nor a changed byte passes for it")
    func strict() throws {
        func check<Object: WireObject>(_ object: Object) throws {
            let bytes = object.encoded
            #expect(try IPLDNode(decoding: bytes).encoded == bytes)
            #expect(try Object(decoding: bytes).encoded == bytes)
            for length in bytes.indices {
                #expect(throws: WireError.self) { try Object(decoding: Array(bytes[..<length])) }
            }
            for index in bytes.indices {
                var changed = bytes
                changed[index] ^= 0x25
                guard let other = try? Object(decoding: changed) else { continue }
                #expect(other.encoded == changed)
            }
        }
        for object in try Self.objects() { try check(object) }
    }

    @Test("An invite fits its bucket, and padding comes off as it went on", arguments: [0, 1, 1_023, 1_024, 2_047])
    func padding(count: Int) throws {
        let plain = [UInt8](repeating: 0, count: count)
        let padded = try #require(SealedInvite.pad(plain))
        #expect(SealedInvite.buckets.contains(padded.count))
        #expect(SealedInvite.unpad(padded) == plain)
    }

    @Test("What fits no bucket, or has no padding, is refused")
    func badPadding() {
        #expect(SealedInvite.pad([UInt8](repeating: 1, count: 2_048)) == nil)
        #expect(SealedInvite.unpad([]) == nil)
        #expect(SealedInvite.unpad([0, 0]) == nil)
        #expect(SealedInvite.unpad([0x80, 1]) == nil)
    }

    @Test("A binding is held against call, identities, role, fingerprint and credentials")
    func binding() throws {
        var hash = SHA256()
        let credentials = TransportBinding.hash(userFragment: "abcd", password: "secret", with: &hash)
        func transport(_ binding: TransportBinding) throws -> SignedTransport {
            try SignedTransport(
                TransportDescription(
                    userFragment: "abcd", password: Redacted("secret"), candidates: [],
                    binding: try signed(binding.encoded)))
        }
        func mismatch(
            call: UInt8 = 1, from: UInt8 = 1, peer: Digest = .zero, role: TransportBinding.Role = .active,
            ice: Digest? = nil
        ) throws -> EndReason? {
            let value = TransportBinding(
                call: callID(call), from: member(from), to: member(2), fingerprint: .zero, peerFingerprint: peer,
                credentials: ice ?? credentials, role: role, roster: RosterEpoch(1))
            return try transport(value).mismatch(
                call: callID(1), from: member(1), to: member(2), role: .active, ownFingerprint: .zero, with: &hash)
        }
        #expect(try mismatch() == nil)
        #expect(try mismatch(call: 2) == .identityMismatch)
        #expect(try mismatch(from: 3) == .identityMismatch)
        #expect(try mismatch(role: .passive) == .identityMismatch)
        #expect(try mismatch(peer: SHA256.hash([])) == .fingerprintMismatch)
        #expect(try mismatch(ice: .zero) == .identityMismatch)
    }

    @Test("The word list has 256 words that differ in their first three letters")
    func words() {
        let list = ShortAuthentication.wordList
        #expect(list.count == 256)
        #expect(Set(list.map { $0.prefix(3) }).count == 256)
        #expect(list == list.sorted())
    }

    @Test("The string depends on the call, both nonces and the transcript")
    func authentication() {
        var hash = SHA256()
        func value(_ call: UInt8, _ a: UInt8, _ b: UInt8, _ c: UInt8) -> ShortAuthentication {
            ShortAuthentication(
                call: callID(call), callerNonce: SHA256.hash([a]), calleeNonce: SHA256.hash([b]),
                transcript: SHA256.hash([c]), with: &hash)
        }
        let one = value(1, 1, 1, 1)
        #expect(one == value(1, 1, 1, 1))
        #expect(one.digits.utf8.count == 6)
        #expect(one.words.count == 4)
        #expect(Set([one, value(2, 1, 1, 1), value(1, 2, 1, 1), value(1, 1, 2, 1), value(1, 1, 1, 2)]).count == 5)
    }

    @Test("No address, credential or key prints")
    func redaction() throws {
        let text = String(reflecting: try Self.transport())
        #expect(!text.contains("127.0.0.1"))
        #expect(!text.contains("secret"))
    }
}
