import Crypto
import Kademlia
import Primitives
import Testing
import Wire

@Suite("The record store")
struct RecordStoreTests {
    let storer = member(50)

    private func put(
        _ store: inout RecordStore, _ record: Verified<SignedRecord>, expected: UInt64? = nil, replace: Bool = false,
        from storer: MemberID? = nil, now: UInt64 = 0
    ) -> RecordStore.PutResult {
        store.put(
            record, evidence: [], expected: expected, from: storer ?? self.storer, writerMayReplace: replace,
            now: Timestamp(now))
    }

    @Test("K-5: a higher sequence of the same writer replaces, a lower or equal one does not")
    func sequences() throws {
        var store = RecordStore()
        #expect(put(&store, try record(sequence: 5)) == .stored)
        #expect(put(&store, try record(sequence: 5)) == .unchanged)
        #expect(put(&store, try record(sequence: 5, value: [2])) == .refused(.stale))
        #expect(put(&store, try record(sequence: 4)) == .refused(.stale))
        #expect(put(&store, try record(sequence: 6, value: [2])) == .stored)
        #expect(store.get(key(9), .phone, now: .zero)?.record.value == [2])
        #expect(store.get(key(9), .endpoint, now: .zero) == nil)
        #expect(store.count == 1)
    }

    @Test("K-5: another writer needs the first to have lost its standing")
    func writers() throws {
        var store = RecordStore()
        #expect(put(&store, try record(writer: 1, sequence: 5)) == .stored)
        #expect(put(&store, try record(writer: 2, sequence: 6)) == .refused(.notAuthorised))
        #expect(put(&store, try record(writer: 2, sequence: 1), replace: true) == .stored)
    }

    @Test("Compare-and-swap stores only over the sequence it expects")
    func compareAndSwap() throws {
        var store = RecordStore()
        #expect(put(&store, try record(sequence: 5), expected: 4) == .refused(.conflict))
        #expect(put(&store, try record(sequence: 5)) == .stored)
        #expect(put(&store, try record(sequence: 7), expected: 6) == .refused(.conflict))
        #expect(put(&store, try record(sequence: 7), expected: 5) == .stored)
    }

    @Test("K-5, K-7: expiry lies ahead, not too far, and ends a record")
    func expiry() throws {
        var store = RecordStore()
        #expect(put(&store, try record(expiry: 10), now: 10) == .refused(.expiry))
        #expect(put(&store, try record(expiry: 24 * 3_600_000 + 1)) == .refused(.expiry))
        #expect(put(&store, try record(expiry: 10)) == .stored)
        #expect(store.get(key(9), .phone, now: Timestamp(9)) != nil)
        #expect(store.get(key(9), .phone, now: Timestamp(10)) == nil)
        store.expire(now: Timestamp(10))
        #expect(store.count == 0)
        #expect(put(&store, try record(sequence: 1, expiry: 30), now: 11) == .stored)
    }

    @Test("K-6: a full store keeps what it has, by count, by bytes and by storer")
    func bounds() throws {
        var limits = Limits()
        limits.recordsMax = 2
        var store = RecordStore(limits: limits)
        #expect(put(&store, try record(at: key(1))) == .stored)
        #expect(put(&store, try record(at: key(2))) == .stored)
        #expect(put(&store, try record(at: key(3))) == .refused(.full))
        #expect(put(&store, try record(at: key(2), sequence: 2)) == .stored)
        limits = Limits()
        limits.recordBytesMax = 800
        store = RecordStore(limits: limits)
        #expect(put(&store, try record(at: key(1))) == .stored)
        let large = try record(at: key(1), sequence: 2, value: [UInt8](repeating: 0, count: 700))
        #expect(put(&store, large) == .refused(.full))
        #expect(store.get(key(1), .phone, now: .zero)?.record.sequence == 1)
        limits = Limits()
        limits.recordsPerStorerMax = 1
        store = RecordStore(limits: limits)
        #expect(put(&store, try record(at: key(1))) == .stored)
        #expect(put(&store, try record(at: key(2))) == .refused(.full))
        #expect(put(&store, try record(at: key(2)), from: member(51)) == .stored)
    }

    @Test("K-8: a record is handed on once a period, in the order of places, with its evidence")
    func handOn() throws {
        var store = RecordStore()
        _ = store.put(
            try record(at: key(2)), evidence: [7], expected: nil, from: storer, writerMayReplace: false, now: .zero)
        _ = put(&store, try record(at: key(1)))
        #expect(store.dueForHandOn(every: 100, max: 9, now: Timestamp(99)) == [])
        let due = store.dueForHandOn(every: 100, max: 9, now: Timestamp(100))
        #expect(due.map(\.record.record.location) == [key(1), key(2)])
        #expect(due.map(\.evidence) == [[], [7]])
        #expect(store.dueForHandOn(every: 100, max: 9, now: Timestamp(199)) == [])
        #expect(store.dueForHandOn(every: 100, max: 1, now: Timestamp(200)).count == 1)
    }

    @Test("Providers expire, are one for each member, and the soonest to expire gives way")
    func providers() throws {
        var limits = Limits()
        limits.providersPerContentMax = 2
        var store = RecordStore(limits: limits)
        let content = CID(.raw, .zero)
        #expect(store.provide(try provider(1, of: content, expiry: 10), now: .zero) == .stored)
        #expect(store.provide(try provider(1, of: content, expiry: 20), now: .zero) == .stored)
        #expect(store.providers(of: content, now: .zero).count == 1)
        #expect(store.provide(try provider(2, of: content, expiry: 30), now: .zero) == .stored)
        #expect(store.provide(try provider(3, of: content, expiry: 40), now: .zero) == .stored)
        #expect(store.providers(of: content, now: .zero).map(\.record.member) == [member(3), member(2)])
        #expect(store.providers(of: content, now: Timestamp(35)).map(\.record.member) == [member(3)])
        #expect(store.provide(try provider(4, of: content, expiry: 5), now: Timestamp(5)) == .refused(.expiry))
        store.expire(now: Timestamp(40))
        #expect(store.providedContentCount == 0)
    }
}

@Suite("The address book")
struct AddressBookTests {
    @Test("K-9: the highest sequence counts, and expiry ends a record")
    func newest() throws {
        var book = AddressBook()
        #expect(book.insert(try address(1, sequence: 2), now: .zero) == true)
        #expect(book.insert(try address(1, sequence: 2), now: .zero) == false)
        #expect(book.insert(try address(1, sequence: 1), now: .zero) == false)
        #expect(book.insert(try address(1, sequence: 3, expiry: 50), now: .zero) == true)
        #expect(book.address(of: member(1), now: Timestamp(50)) == nil)
        #expect(book.insert(try address(2, expiry: 3_600_001), now: .zero) == false)
        #expect(book.insert(try address(2, expiry: 7), now: Timestamp(7)) == false)
    }

    @Test("Books with the same records have one digest, in whatever order they came")
    func digest() throws {
        var hash = SHA256()
        var first = AddressBook()
        var second = AddressBook()
        for number: UInt8 in 1...5 { _ = first.insert(try address(number), now: .zero) }
        for number: UInt8 in (1...5).reversed() { _ = second.insert(try address(number), now: .zero) }
        #expect(first.digest(now: .zero, with: &hash) == second.digest(now: .zero, with: &hash))
        _ = second.insert(try address(3, sequence: 2), now: .zero)
        #expect(first.digest(now: .zero, with: &hash) != second.digest(now: .zero, with: &hash))
    }

    @Test("Records come in pages by member id, and strangers are dropped")
    func pages() throws {
        var book = AddressBook()
        for number: UInt8 in 1...5 { _ = book.insert(try address(number), now: .zero) }
        let page = book.records(after: member(2), count: 2, now: .zero)
        #expect(page.records.map(\.record.member) == [member(3), member(4)])
        #expect(page.more)
        #expect(!book.records(after: member(4), count: 2, now: .zero).more)
        book.retain(members: [member(1)], now: .zero)
        #expect(book.count == 1)
        var limits = Limits()
        limits.addressesMax = 1
        var small = AddressBook(limits: limits)
        #expect(small.insert(try address(1), now: .zero) == true)
        #expect(small.insert(try address(2), now: .zero) == false)
    }
}
