import Crypto
import Primitives
import Signalling
import Testing
import Wire

func mailbox(_ number: UInt8) -> MailboxID { MailboxID([UInt8](repeating: number, count: 32)) ?? .zero }
let anySignature = Signature([UInt8](repeating: 1, count: 64))

func signed(_ body: [UInt8]) throws -> SignedObject {
    SignedObject(key: .zero, signature: try #require(anySignature), body: body)
}

@Suite("Mailboxes")
struct MailboxRouterTests {
    private let end = Timestamp(1_000_000)

    @Test("MB-1: a mailbox belongs to who opened it")
    func ownership() {
        var router = MailboxRouter()
        #expect(router.open(mailbox(1), owner: member(1), expiry: end, now: .zero) == true)
        #expect(router.open(mailbox(1), owner: member(2), expiry: end, now: .zero) == false)
        #expect(router.post([7], to: mailbox(1), now: .zero) == .delivered)
        #expect(router.open(mailbox(1), owner: member(1), expiry: Timestamp(2_000_000), now: .zero) == true)
        #expect(router.read(mailbox(1), owner: member(2), after: 0, now: .zero) == nil)
        #expect(router.read(mailbox(1), owner: member(1), after: 0, now: .zero)?.map(\.content) == [[7]])
        router.close(mailbox(1), owner: member(2))
        #expect(router.count == 1)
        router.close(mailbox(1), owner: member(1))
        #expect(router.count == 0)
    }

    @Test("MB-2: mailboxes are bounded for each member and in all")
    func bounds() {
        var limits = Limits()
        limits.mailboxesPerMemberMax = 2
        limits.mailboxesMax = 3
        var router = MailboxRouter(limits: limits)
        #expect(router.open(mailbox(1), owner: member(1), expiry: end, now: .zero) == true)
        #expect(router.open(mailbox(2), owner: member(1), expiry: end, now: .zero) == true)
        #expect(router.open(mailbox(3), owner: member(1), expiry: end, now: .zero) == false)
        #expect(router.open(mailbox(3), owner: member(2), expiry: end, now: .zero) == true)
        #expect(router.open(mailbox(4), owner: member(3), expiry: end, now: .zero) == false)
        router.close(mailbox(1), owner: member(1))
        #expect(router.open(mailbox(4), owner: member(3), expiry: end, now: .zero) == true)
    }

    @Test("MB-3: every refusal has its name")
    func refusals() {
        var limits = Limits()
        limits.mailboxMessagesMax = 2
        limits.mailboxBytesMax = 10
        var router = MailboxRouter(limits: limits)
        #expect(router.post([1], to: mailbox(1), now: .zero) == .noSuchMailbox)
        #expect(router.open(mailbox(1), owner: member(1), expiry: end, now: .zero) == true)
        let large = [UInt8](repeating: 0, count: MailboxRouter.contentByteCountMax + 1)
        #expect(router.post(large, to: mailbox(1), now: .zero) == .tooLarge)
        #expect(router.post([UInt8](repeating: 0, count: 11), to: mailbox(1), now: .zero) == .full)
        #expect(router.post([1], to: mailbox(1), now: .zero) == .delivered)
        #expect(router.post([2], to: mailbox(1), now: .zero) == .delivered)
        #expect(router.post([3], to: mailbox(1), now: .zero) == .full)
        #expect(router.post([3], to: mailbox(1), now: Timestamp(120_001)) == .delivered)
        #expect(router.post([3], to: mailbox(1), now: end) == .noSuchMailbox)
    }

    @Test("MB-4: reading after a number frees everything up to it")
    func reading() {
        var router = MailboxRouter()
        #expect(router.open(mailbox(1), owner: member(1), expiry: end, now: .zero) == true)
        for byte: UInt8 in 1...3 { #expect(router.post([byte], to: mailbox(1), now: .zero) == .delivered) }
        #expect(router.read(mailbox(1), owner: member(1), after: 0, now: .zero)?.map(\.number) == [1, 2, 3])
        #expect(router.read(mailbox(1), owner: member(1), after: 2, now: .zero)?.map(\.number) == [3])
        #expect(router.read(mailbox(1), owner: member(1), after: 0, now: .zero)?.map(\.number) == [3])
    }

    @Test("MB-5: a mailbox ends at its time")
    func ending() {
        var router = MailboxRouter()
        #expect(router.open(mailbox(1), owner: member(1), expiry: Timestamp(10), now: Timestamp(10)) == false)
        #expect(
            router.open(mailbox(1), owner: member(1), expiry: Timestamp(MailboxRouter.lifeMax + 1), now: .zero) == false
        )
        #expect(router.open(mailbox(1), owner: member(1), expiry: Timestamp(10), now: .zero) == true)
        router.expire(now: Timestamp(10))
        #expect(router.count == 0)
        #expect(router.owner(of: mailbox(1)) == nil)
    }
}

@Suite("Prekeys")
struct PrekeyTests {
    private func bundle(expiry: UInt64 = 100) throws -> Verified<SignedPrekey<PrekeyBundle>> {
        let body = PrekeyBundle(member: member(1), prekey: .zero, identity: .zero, expiry: Timestamp(expiry))
        return Verified(unchecked: try SignedPrekey(try signed(body.encoded)))
    }

    private func oneTime(_ number: UInt8) throws -> Verified<SignedPrekey<OneTimePrekey>> {
        let key = try #require(AgreementKey([UInt8](repeating: number, count: 32)))
        return Verified(
            unchecked: try SignedPrekey(
                try signed(OneTimePrekey(member: member(1), key: key, expiry: Timestamp(100)).encoded)))
    }

    @Test("PK-1, PK-2: a one-time key is handed out once, then the bundle alone")
    func shelf() throws {
        var shelf = PrekeyShelf()
        #expect(shelf.store(try bundle(), oneTimeKeys: [try oneTime(1), try oneTime(2)], for: mailbox(1)) == true)
        let first = shelf.take(for: mailbox(1), now: .zero)?.oneTime
        let second = shelf.take(for: mailbox(1), now: .zero)?.oneTime
        #expect(first != nil && second != nil && first != second)
        let taken = shelf.take(for: mailbox(1), now: .zero)
        let third = try #require(taken)
        #expect(third.oneTime == nil)
        #expect(shelf.take(for: mailbox(1), now: Timestamp(100)) == nil)
        #expect(shelf.take(for: mailbox(2), now: .zero) == nil)
        let many = try (0..<101).map { try oneTime(UInt8($0)) }
        #expect(shelf.store(try bundle(), oneTimeKeys: many, for: mailbox(1)) == false)
    }

    @Test("PK-3: an invite rings once, and only near its time")
    func replays() {
        var cache = InviteReplayCache()
        let now = Timestamp(1_000_000)
        let invite = SHA256.hash([1])
        #expect(cache.refusal(of: invite, time: now, now: now) == nil)
        #expect(cache.refusal(of: invite, time: now, now: now) == .stale)
        #expect(cache.refusal(of: SHA256.hash([2]), time: Timestamp(879_999), now: now) == .stale)
        #expect(cache.refusal(of: SHA256.hash([2]), time: Timestamp(1_120_001), now: now) == .stale)
        // Dated as far ahead as may be, it is refused as long as it could pass for fresh.
        let ahead = SHA256.hash([3])
        #expect(cache.refusal(of: ahead, time: Timestamp(1_120_000), now: now) == nil)
        #expect(cache.refusal(of: ahead, time: Timestamp(1_120_000), now: Timestamp(1_240_000)) == .stale)
        #expect(cache.refusal(of: ahead, time: Timestamp(1_120_000), now: Timestamp(1_240_001)) == .stale)
        var limits = Limits()
        limits.replaysMax = 1
        var small = InviteReplayCache(limits: limits)
        #expect(small.refusal(of: SHA256.hash([1]), time: now, now: now) == nil)
        #expect(small.refusal(of: SHA256.hash([2]), time: now, now: now) == .overloaded)
    }
}
