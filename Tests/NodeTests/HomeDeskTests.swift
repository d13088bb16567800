import Crypto
import EventLoop
import Node
import Primitives
import Signalling
import Testing
import Wire

@Suite("Mailboxes and prekeys of a home node")
struct HomeDeskTests {
    private static let chain = ChainID(raw: SHA256.hash([9]).raw)
    private static let owner = MemberID(raw: SHA256.hash([1]).raw)
    private static let other = MemberID(raw: SHA256.hash([2]).raw)
    private static let mailbox = MailboxID(raw: SHA256.hash([3]).raw)

    private func desk() async throws -> HomeDesk {
        let desk = HomeDesk(chain: Self.chain)
        try await desk.open(Self.mailbox, until: SystemTime.utc.adding(milliseconds: 60_000), for: Self.owner)
        return desk
    }

    private func bundle(
        _ key: SigningKey, member: MemberID = owner, life: UInt64 = 60_000
    ) -> SignedObject {
        let body = PrekeyBundle(
            member: member, prekey: AgreementSecret.generate().publicKey,
            identity: AgreementSecret.generate().publicKey,
            expiry: SystemTime.utc.adding(milliseconds: life))
        return key.sign(.prekeys, chain: Self.chain, body: body.encoded)
    }

    @Test("A message waits for its owner alone, in order, until it is acknowledged")
    func messages() async throws {
        let desk = try await desk()
        for byte in UInt8(1)...3 { try await desk.post([byte], to: Self.mailbox, from: Self.other) }
        let all = try await desk.read(Self.mailbox, after: 0, for: Self.owner)
        #expect(all.map(\.content) == [[1], [2], [3]])
        #expect(all.map(\.number) == [1, 2, 3])
        #expect(try await desk.read(Self.mailbox, after: 2, for: Self.owner).map(\.content) == [[3]])
        #expect(try await desk.read(Self.mailbox, after: 0, for: Self.owner).map(\.content) == [[3]])
        await #expect(throws: HomeRefusal.noSuchMailbox) {
            _ = try await desk.read(Self.mailbox, after: 0, for: Self.other)
        }
        await #expect(throws: HomeRefusal.tooMany) {
            try await desk.open(
                Self.mailbox, until: SystemTime.utc.adding(milliseconds: 60_000), for: Self.other)
        }
    }

    @Test("A member that opens one mailbox too many loses the one that ends first, and nobody else does")
    func tooMany() async throws {
        let desk = HomeDesk(chain: Self.chain)
        let start = SystemTime.utc.adding(milliseconds: 60_000)
        let all = (0...UInt8(Signalling.Limits().mailboxesPerMemberMax)).map {
            MailboxID(raw: SHA256.hash([7, $0]).raw)
        }
        try await desk.open(Self.mailbox, until: start, for: Self.other)
        for (index, mailbox) in all.enumerated() {
            try await desk.open(mailbox, until: start.adding(milliseconds: UInt64(1 + index)), for: Self.owner)
        }
        await #expect(throws: HomeRefusal.noSuchMailbox) { try await desk.post([1], to: all[0], from: Self.other) }
        for mailbox in all.dropFirst() + [Self.mailbox] { try await desk.post([1], to: mailbox, from: Self.other) }
        await #expect(throws: HomeRefusal.tooMany) {
            try await desk.open(MailboxID.zero, until: Timestamp(1), for: Self.owner)
        }
    }

    @Test("What does not fit is refused by name")
    func refusals() async throws {
        let desk = try await desk()
        let nowhere = MailboxID(raw: SHA256.hash([4]).raw)
        await #expect(throws: HomeRefusal.noSuchMailbox) { try await desk.post([1], to: nowhere, from: Self.other) }
        let long = [UInt8](repeating: 0, count: MailboxRouter.contentByteCountMax + 1)
        await #expect(throws: HomeRefusal.tooLarge) { try await desk.post(long, to: Self.mailbox, from: Self.other) }
        await #expect(throws: HomeRefusal.noPrekeys) { _ = try await desk.take(beside: Self.mailbox, for: Self.other) }
        await desk.close(Self.mailbox, for: Self.other)
        try await desk.post([1], to: Self.mailbox, from: Self.other)
        await desk.close(Self.mailbox, for: Self.owner)
        await #expect(throws: HomeRefusal.noSuchMailbox) {
            try await desk.post([1], to: Self.mailbox, from: Self.other)
        }
    }

    @Test("Prekeys must be the owner's own and alive; a one-time key is given once")
    func prekeys() async throws {
        let desk = try await desk()
        let (key, wrong) = (SigningKey.generate(), SigningKey.generate())
        let body = OneTimePrekey(
            member: Self.owner, key: AgreementSecret.generate().publicKey,
            expiry: SystemTime.utc.adding(milliseconds: 60_000))
        let oneTime = key.sign(.oneTimePrekey, chain: Self.chain, body: body.encoded)
        for (bundle, keys) in [
            (bundle(wrong), [oneTime]), (bundle(key, member: Self.other), [oneTime]), (bundle(key, life: 0), [oneTime]),
            (bundle(key), [wrong.sign(.oneTimePrekey, chain: Self.chain, body: body.encoded)]),
            (bundle(key), [bundle(key)]),
        ] {
            await #expect(throws: HomeRefusal.badPrekey) {
                try await desk.publish(
                    bundle, oneTimeKeys: keys, beside: Self.mailbox, for: Self.owner, key: key.publicKey)
            }
        }
        let good = bundle(key)
        await #expect(throws: HomeRefusal.noSuchMailbox) {
            try await desk.publish(good, oneTimeKeys: [], beside: Self.mailbox, for: Self.other, key: key.publicKey)
        }
        try await desk.publish(
            good, oneTimeKeys: [oneTime], beside: Self.mailbox, for: Self.owner, key: key.publicKey)
        #expect(
            try await desk.take(beside: Self.mailbox, for: Self.other) == PrekeyPair(bundle: good, oneTime: oneTime))
        #expect(try await desk.take(beside: Self.mailbox, for: Self.other) == PrekeyPair(bundle: good, oneTime: nil))
    }

    @Test("Who asks too often waits, and nobody else does")
    func rates() async throws {
        var rate = AskingRate(perSecond: 2, burst: 3)
        let start = Timestamp(1_000_000)
        let asked = [
            (Self.owner, 0), (Self.owner, 0), (Self.owner, 0), (Self.owner, 0), (Self.other, 0), (Self.owner, 500),
            (Self.owner, 500),
        ].map { asker, time in rate.admits(asker, now: start.adding(milliseconds: UInt64(time))) }
        #expect(asked == [true, true, true, false, true, true, false])
        let desk = try await desk()
        await #expect(throws: HomeRefusal.tooOften) {
            for _ in 0..<100 {
                do { _ = try await desk.take(beside: Self.mailbox, for: Self.other) } catch HomeRefusal.noPrekeys {}
            }
        }
    }

    private static var examples: [(String, [UInt8])] {
        let key = SigningKey.generate()
        let signed = key.sign(.prekeys, chain: chain, body: [1, 2, 3])
        return [
            ("post", MailboxPost(mailbox: mailbox, content: [1, 2]).encoded),
            ("receipt", MailboxReceipt(refusal: .full).encoded), ("done", MailboxReceipt(refusal: nil).encoded),
            ("question", PrekeyQuestion(mailbox: mailbox).encoded),
            ("answer", PrekeyAnswer(.success(PrekeyPair(bundle: signed, oneTime: signed))).encoded),
            ("last", PrekeyAnswer(.success(PrekeyPair(bundle: signed, oneTime: nil))).encoded),
            ("none", PrekeyAnswer(.failure(.noPrekeys)).encoded),
        ]
    }

    /// The bytes that a decoded value is written as; nil when the bytes are refused.
    private func rewritten(_ name: String, _ bytes: [UInt8]) -> [UInt8]? {
        switch name {
        case "post": try? MailboxPost(decoding: bytes).encoded
        case "receipt", "done": try? MailboxReceipt(decoding: bytes).encoded
        case "question": try? PrekeyQuestion(decoding: bytes).encoded
        default: try? PrekeyAnswer(decoding: bytes).encoded
        }
    }

    @Test("Messages between home nodes have one form: cut they are refused, changed they are another")
    func forms() {
        for (name, bytes) in Self.examples {
            #expect(rewritten(name, bytes) == bytes)
            for count in bytes.indices { #expect(rewritten(name, Array(bytes.prefix(count))) == nil) }
            for index in bytes.indices {
                var changed = bytes
                changed[index] ^= 0x41
                if let again = rewritten(name, changed) { #expect(again == changed) }
            }
        }
    }

    @Test("An address for calling directly reads back as it was written")
    func directAddress() throws {
        var hash = SHA256()
        let callee = Callee(
            member: Self.owner, address: MailboxAddress(node: Self.other, mailbox: Self.mailbox),
            bundle: CID(of: [1], .dagCBOR, with: &hash))
        #expect(Callee(direct: callee.text) == callee)
        #expect(Callee(direct: "a:b:c") == nil)
        #expect(Callee(direct: callee.text + "x") == nil)
        #expect(Callee(direct: "") == nil)
    }
}
