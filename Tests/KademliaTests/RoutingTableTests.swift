import Crypto
import Kademlia
import Primitives
import Testing

@Suite("The routing table")
struct RoutingTableTests {
    @Test("K-2: the closest are those at the least exclusive-or distance, as a full sort says")
    func closest() {
        var table = RoutingTable()
        var generator = Generator(state: 7)
        let contacts = (0..<200).map { _ in contactAtRandom(&generator) }
        for contact in contacts { table.insert(contact) }
        for _ in 0..<50 {
            let target = contactAtRandom(&generator).id
            let expected = contacts.sorted { ($0.id.raw ^ target.raw) < ($1.id.raw ^ target.raw) }.prefix(8)
            #expect(table.closest(to: target, count: 8) == Array(expected))
        }
        #expect(table.closest(to: key(1), count: 0) == [])
    }

    @Test("K-2: two silent requests make a node dead, an answer makes it live, the pause doubles")
    func health() {
        var table = RoutingTable()
        table.insert(contact(1))
        table.timedOut(contact(1), now: .seconds(0))
        #expect(table.isLive(contact(1), now: .seconds(0)))
        table.timedOut(contact(1), now: .seconds(0))
        #expect(!table.isLive(contact(1), now: .seconds(1)))
        #expect(table.closestLive(to: key(1), count: 1, now: .seconds(1)) == [])
        #expect(table.closest(to: key(1), count: 1) == [contact(1)])
        #expect(table.isLive(contact(1), now: .seconds(2)))
        table.timedOut(contact(1), now: .seconds(2))
        #expect(!table.isLive(contact(1), now: .seconds(5)))
        #expect(table.isLive(contact(1), now: .seconds(6)))
        table.answered(contact(1), after: .milliseconds(3))
        #expect(table.isLive(contact(1), now: .seconds(3)))
    }

    @Test("K-1: the ledger's list replaces the table, health stays, the own node is left out")
    func replacement() {
        var table = RoutingTable()
        table.replace(with: [contact(1), contact(2), contact(3)], own: key(2))
        #expect(Set(table.all) == [contact(1), contact(3)])
        table.timedOut(contact(1), now: .zero)
        table.timedOut(contact(1), now: .zero)
        table.replace(with: [contact(1), contact(4)], own: key(2))
        #expect(!table.isLive(contact(1), now: .seconds(1)))
        #expect(table.count == 2)
        var limits = Limits()
        limits.contactsMax = 2
        var small = RoutingTable(limits: limits)
        small.replace(with: (1...9).map { contact($0) }, own: key(8))
        // From 8 = 0b1000, the nearest are 9 (distance 1) and then 1 (distance 9), 2 and up being farther.
        #expect(Set(small.all) == [contact(9), contact(1)])
        #expect(small.insert(contact(77)) == false)
        #expect(small.insert(small.all[0]) == true)
    }

    @Test("K-3: a node's id binds its member to a beacon")
    func identity() {
        var hash = SHA256()
        let first = Contact(member: member(1), beacon: .zero, with: &hash)
        #expect(first == Contact(member: member(1), beacon: .zero, with: &hash))
        #expect(first.id != Contact(member: member(2), beacon: .zero, with: &hash).id)
        #expect(first.id != Contact(member: member(1), beacon: Digest(raw: key(1).raw), with: &hash).id)
        #expect(
            first.id.raw
                == SHA256.hash(
                    Array("sotto/1/dht-node".utf8) + [0] + [UInt8](repeating: 0, count: 32) + member(1).bytes
                )
                .raw)
    }

    @Test("K-4: a timeout is the smoothed round trip plus four deviations, between its bounds")
    func timeouts() {
        var estimator = RoundTripEstimator()
        #expect(estimator.timeout == .milliseconds(250))
        estimator.answered(after: .milliseconds(40))
        #expect(estimator.timeout == .milliseconds(120))
        for _ in 0..<100 { estimator.answered(after: .milliseconds(40)) }
        #expect(estimator.timeout < .milliseconds(41))
        for _ in 0..<100 { estimator.answered(after: .microseconds(50)) }
        #expect(estimator.timeout == .milliseconds(20))
        estimator.timedOut()
        #expect(estimator.timeout == .milliseconds(40))
        for _ in 0..<20 { estimator.timedOut() }
        #expect(estimator.timeout <= .seconds(2))
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): a seeded generator for tests.
struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}

func contactAtRandom(_ generator: inout Generator) -> Contact {
    let raw = Bytes32(words: (generator.next(), generator.next(), generator.next(), generator.next()))
    return Contact(id: DHTKey(raw: raw), member: MemberID(raw: raw))
}
