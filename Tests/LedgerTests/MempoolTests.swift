import Crypto
import Ledger
import Primitives
import Testing
import Wire

@Suite("The mempool")
struct MempoolTests {
    private let network: TestNetwork
    init() throws { network = try TestNetwork() }

    private func make(
        _ member: TestMember, back: UInt64 = 1, after: TransactionID? = nil, until: Timestamp? = nil
    ) throws -> Verified<ParsedTransaction> {
        let commit = CallCommit(interval: network.now.rawValue / 600_000 - back, root: digest(1), size: 16)
        return try network.make(.callCommit(commit), by: member, after: after, until: until)
    }

    private func pool(bytes: UInt64 = 1 << 20, perSender: UInt64 = 100) -> Mempool {
        Mempool(Mempool.Limits(bytesMax: bytes, perSenderMax: perSender, retryAfterMilliseconds: 250))
    }

    @Test("LG-100: a transaction is held once; LG-101: a full pool says busy, and keeps what it has")
    func bounds() throws {
        let (a, b) = (network.validators[0], network.validators[1])
        let first = try make(a)
        let size = UInt64(first.value.bytes.count)
        var pool = self.pool(bytes: 3 * size, perSender: 2)
        func receive(_ transaction: Verified<ParsedTransaction>, _ member: TestMember) -> Mempool.Answer {
            pool.receive(transaction, judged: .admitted(charged: member.id))
        }
        #expect(receive(first, a) == .taken)
        #expect(receive(first, a) == .known)
        #expect(receive(try make(a), a) == .taken)
        #expect(receive(try make(a), a) == .busy(retryAfterMilliseconds: 250))
        #expect(receive(try make(b), b) == .taken)
        #expect(receive(try make(b), b) == .busy(retryAfterMilliseconds: 250))
        #expect(pool.count == 3)
        #expect(pool.byteCount == 3 * size)
        #expect(pool.receive(try make(b), judged: .faulty(.expired)) == .faulty(.expired))
        #expect(
            pool.receive(try make(b), judged: .failing(.failed(.roleMissing))) == .failing(.failed(.roleMissing)))
    }

    @Test("LG-103: members take turns, each in its own order")
    func fairness() throws {
        let (a, b) = (network.validators[0], network.validators[1])
        var pool = self.pool()
        let busy = try (0..<5).map { _ in try make(a) }
        let quiet = try (0..<2).map { _ in try make(b) }
        for transaction in busy { _ = pool.receive(transaction, judged: .admitted(charged: a.id)) }
        for transaction in quiet { _ = pool.receive(transaction, judged: .admitted(charged: b.id)) }
        let block = pool.candidates(at: network.now, bytesMax: 1 << 20, countMax: 4)
        #expect(block == [busy[0], quiet[0], busy[1], quiet[1]])
        let next = pool.candidates(
            at: network.now, bytesMax: UInt64(2 * busy[0].value.bytes.count), countMax: 10,
            excluding: [busy[0].value.id, quiet[0].value.id])
        #expect(next == [quiet[1], busy[1]])
        #expect(pool.count == 7)
    }

    @Test("LG-102, LG-104: what waits becomes ready with a success, and leaves with a failure")
    func waiting() throws {
        let node = network.node
        var pool = self.pool()
        let first = try make(node)
        let second = try make(node, back: 2, after: first.value.id)
        let third = try make(node, back: 3, after: second.value.id)
        let failing = try make(node, back: 9)
        let lost = try make(node, after: failing.value.id)
        let lostToo = try make(node, after: lost.value.id)
        for transaction in [first, failing] {
            _ = pool.receive(transaction, judged: .admitted(charged: node.id))
        }
        for (transaction, predecessor) in [(second, first), (third, second), (lost, failing), (lostToo, lost)] {
            let verdict = Admission.Verdict.waits(for: predecessor.value.id, charged: node.id)
            #expect(pool.receive(transaction, judged: verdict) == .taken)
        }
        #expect(pool.candidates(at: network.now, bytesMax: 1 << 20, countMax: 9) == [first, failing])
        try network.apply([first, failing])
        let dropped = pool.finalised(try #require(network.blocks.last))
        #expect(dropped == [lost.value.id, lostToo.value.id])
        #expect(pool.candidates(at: network.now, bytesMax: 1 << 20, countMax: 9) == [second])
        #expect(pool.discard(second.value.id) == [second.value.id, third.value.id])
        #expect(pool.isEmpty)
        #expect(pool.byteCount == 0)
    }

    @Test("LG-105: what has expired leaves, with what waits for it")
    func expiry() throws {
        let node = network.node
        var pool = self.pool()
        let short = try make(node, until: network.now.adding(milliseconds: 500))
        let waiter = try make(node, after: short.value.id)
        let long = try make(node)
        _ = pool.receive(short, judged: .admitted(charged: node.id))
        _ = pool.receive(waiter, judged: .waits(for: short.value.id, charged: node.id))
        _ = pool.receive(long, judged: .admitted(charged: node.id))
        try network.wait(1_600)
        #expect(pool.finalised(try #require(network.blocks.last)) == [short.value.id, waiter.value.id])
        #expect(pool.candidates(at: network.now, bytesMax: 1 << 20, countMax: 9) == [long])
    }

    @Test("LG-106: what stands in an executed block asks for no other one, until that block is lost")
    func underWay() throws {
        let node = network.node
        var pool = self.pool()
        let (first, second) = (try make(node), try make(node, back: 2))
        #expect(!pool.hasFree && !pool.hasPending)
        _ = pool.receive(first, judged: .admitted(charged: node.id))
        #expect(pool.hasFree && pool.hasPending)
        try network.apply([first, second])
        let block = try #require(network.blocks.last)
        pool.executed(block)
        #expect(!pool.hasFree && pool.hasPending)
        // It comes after the block that holds it.
        _ = pool.receive(second, judged: .admitted(charged: node.id))
        #expect(!pool.hasFree && pool.hasPending)
        var lost = pool
        lost.settled(block)
        #expect(lost.hasFree && lost.hasPending)
        // Two blocks hold it, and one of them is lost.
        pool.executed(block)
        pool.settled(block)
        #expect(!pool.hasFree && pool.hasPending)
        #expect(pool.finalised(block).isEmpty)
        pool.settled(block)
        #expect(!pool.hasFree && !pool.hasPending && pool.isEmpty)
    }

    @Test("LG-105: a proposer that finds nothing to propose lets go what ran out a moment ago")
    func expiredJustNow() throws {
        let node = network.node
        var pool = self.pool()
        let short = try make(node, until: network.now.adding(milliseconds: 10))
        let waiter = try make(node, after: short.value.id)
        _ = pool.receive(short, judged: .admitted(charged: node.id))
        _ = pool.receive(waiter, judged: .waits(for: short.value.id, charged: node.id))
        #expect(pool.dropExpired(at: network.now).isEmpty)
        let later = network.now.adding(milliseconds: 11)
        #expect(pool.candidates(at: later, bytesMax: 1 << 20, countMax: 9).isEmpty)
        #expect(pool.hasFree)
        #expect(pool.dropExpired(at: later) == [short.value.id, waiter.value.id])
        #expect(!pool.hasFree && !pool.hasPending && pool.byteCount == 0)
    }
}
