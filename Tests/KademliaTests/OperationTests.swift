import Kademlia
import Primitives
import Testing

@Suite("A put")
struct PutOperationTests {
    private let ten = (1...10).map { contact(UInt8($0)) }

    @Test("K-11: eight are asked at once, six confirmations are enough")
    func sixOfEight() {
        var put = PutOperation(candidates: ten, nodeCount: 10, heldHere: false)
        #expect(put.start() == ten.prefix(8).map { .send($0) })
        for contact in ten.prefix(5) { #expect(put.receive(.confirmed(contact)) == []) }
        #expect(put.receive(.confirmed(ten[5])) == [.done(confirmations: 6)])
        #expect(put.receive(.confirmed(ten[6])) == [])
    }

    @Test("K-13: a put that is done has no second result, and still replaces storers")
    func oneResult() {
        var put = PutOperation(candidates: ten, nodeCount: 10, heldHere: false)
        _ = put.start()
        for contact in ten.prefix(6) { _ = put.receive(.confirmed(contact)) }
        #expect(put.receive(.timedOut(ten[6])) == [.send(ten[8])])
        #expect(put.receive(.refused(ten[7], .full)) == [.send(ten[9])])
        #expect(put.receive(.timedOut(ten[8])) == [])
        #expect(put.receive(.confirmed(ten[9])) == [])
    }

    @Test("K-12: a silent storer is replaced by the next closest")
    func replacement() {
        var put = PutOperation(candidates: ten, nodeCount: 10, heldHere: false)
        _ = put.start()
        #expect(put.receive(.timedOut(ten[0])) == [.send(ten[8])])
        #expect(put.receive(.refused(ten[1], .full)) == [.send(ten[9])])
        #expect(put.receive(.timedOut(ten[2])) == [])
    }

    @Test("Too few left is a failure, and says whether somebody holds something newer")
    func failure() {
        var put = PutOperation(candidates: Array(ten.prefix(4)), nodeCount: 4, heldHere: false)
        #expect(put.needed == 3)
        _ = put.start()
        #expect(put.receive(.confirmed(ten[0])) == [])
        #expect(put.receive(.refused(ten[1], .stale)) == [])
        #expect(put.receive(.timedOut(ten[2])) == [.failed(confirmations: 1, needed: 3, newer: true)])
        #expect(put.receive(.confirmed(ten[3])) == [])
    }

    @Test("The own copy counts as one confirmation")
    func ownCopy() {
        var put = PutOperation(candidates: Array(ten.prefix(3)), nodeCount: 4, heldHere: true)
        #expect(put.needed == 2)
        #expect(put.start().count == 3)
        _ = put.receive(.confirmed(ten[0]))
        #expect(put.receive(.confirmed(ten[1])) == [.done(confirmations: 2)])
        var alone = PutOperation(candidates: [], nodeCount: 1, heldHere: true)
        #expect(alone.start() == [.done(confirmations: 0)])
    }

    @Test("K-10: an answer of somebody who was not asked changes nothing")
    func stranger() {
        var put = PutOperation(candidates: ten, nodeCount: 10, heldHere: false)
        _ = put.start()
        let before = put
        #expect(put.receive(.confirmed(contact(99))) == [])
        #expect(put.receive(.confirmed(ten[9])) == [])
        #expect(put == before)
    }
}

@Suite("A get")
struct GetOperationTests {
    private let five = (1...5).map { contact(UInt8($0)) }

    @Test("K-14: a careful read hears three and takes the highest sequence")
    func careful() throws {
        var get = GetOperation(candidates: five, care: .careful, local: nil, isHolder: false)
        #expect(get.start() == five.prefix(3).map { .send($0) })
        #expect(get.receive(.record(five[0], try record(sequence: 2))) == [])
        #expect(get.receive(.record(five[1], try record(sequence: 9))) == [])
        let highest = try record(sequence: 9).value
        #expect(get.receive(.record(five[2], try record(sequence: 3))) == [.found(highest)])
        #expect(get.receive(.record(five[3], try record(sequence: 99))) == [])
    }

    @Test("K-14: a quick read hears two, and a third before it says that nothing is there")
    func quick() throws {
        var get = GetOperation(candidates: five, care: .quick, local: nil, isHolder: false)
        #expect(get.start().count == 3)
        #expect(get.receive(.record(five[0], try record(sequence: 2))) == [])
        #expect(get.receive(.absent(five[1])) == [.found(try record(sequence: 2).value)])
        var empty = GetOperation(candidates: five, care: .quick, local: nil, isHolder: false)
        _ = empty.start()
        _ = empty.receive(.absent(five[0]))
        _ = empty.receive(.absent(five[1]))
        #expect(empty.receive(.absent(five[2])) == [.absent])
    }

    @Test("K-15: a silent holder is replaced; when all are silent nobody could be reached")
    func silent() {
        var get = GetOperation(candidates: five, care: .careful, local: nil, isHolder: false)
        _ = get.start()
        #expect(get.receive(.timedOut(five[0])) == [.send(five[3])])
        #expect(get.receive(.timedOut(five[1])) == [.send(five[4])])
        for contact in [five[2], five[3]] { #expect(get.receive(.timedOut(contact)) == []) }
        #expect(get.receive(.timedOut(five[4])) == [.unreachable])
    }

    @Test("What the node holds itself is one answer")
    func local() throws {
        let held = try record(sequence: 4).value
        var get = GetOperation(candidates: [], care: .careful, local: held, isHolder: true)
        #expect(get.start() == [.found(held)])
        var nothing = GetOperation(candidates: [], care: .careful, local: nil, isHolder: true)
        #expect(nothing.start() == [.absent])
    }
}

@Suite("An iterative lookup")
struct LookupTests {
    @Test("A lookup through partial tables finds the eight closest of a thousand nodes")
    func converges() {
        var generator = Generator(state: 42)
        let nodes = (0..<1_000).map { _ in contactAtRandom(&generator) }
        func known(by node: Contact) -> [Contact] {
            // Each node knows its 20 nearest and 60 others.
            let near = nodes.sorted { ($0.id.raw ^ node.id.raw) < ($1.id.raw ^ node.id.raw) }.prefix(20)
            var seed = Generator(state: node.id.raw.words.0)
            return near + (0..<60).map { _ in nodes[Int(seed.next() % 1_000)] }
        }
        for _ in 0..<5 {
            let target = contactAtRandom(&generator).id
            func nearest(_ list: [Contact]) -> [Contact] {
                Array(Set(list)).sorted { ($0.id.raw ^ target.raw) < ($1.id.raw ^ target.raw) }
            }
            var lookup = Lookup(target: target, seeds: Array(nodes.prefix(6)))
            var rounds = 0
            while !lookup.isDone, rounds < 200 {
                rounds += 1
                let asked = lookup.next()
                #expect(asked.count <= 3)
                for contact in asked { lookup.succeeded(contact, closer: Array(nearest(known(by: contact)).prefix(8))) }
            }
            #expect(lookup.isDone)
            #expect(lookup.closest.first == nearest(nodes).first)
            #expect(Set(lookup.closest).isSubset(of: Set(nearest(nodes).prefix(24))))
        }
    }

    @Test("K-10: answers nobody asked for change nothing; failures end a lookup")
    func unasked() {
        var lookup = Lookup(target: key(1), seeds: [contact(2), contact(3)])
        let before = lookup
        lookup.succeeded(contact(2), closer: [contact(4)])
        lookup.failed(contact(9))
        #expect(lookup == before)
        for contact in lookup.next() { lookup.failed(contact) }
        #expect(lookup.isDone)
        #expect(lookup.closest == [])
        #expect(Lookup(target: key(1), seeds: []).isDone)
    }

    @Test("A node that answers with endless strangers cannot hold a lookup for ever")
    func bounded() {
        var generator = Generator(state: 3)
        var lookup = Lookup(target: key(1), seeds: (1...6).map { contact($0) })
        var asked = 0
        while !lookup.isDone {
            for contact in lookup.next() {
                asked += 1
                lookup.succeeded(contact, closer: (0..<8).map { _ in contactAtRandom(&generator) })
            }
        }
        #expect(asked <= Limits().lookupQueriesMax)
    }
}
