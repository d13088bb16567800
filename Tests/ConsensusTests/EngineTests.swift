import Consensus
import Primitives
import Simulation
import Testing
import Wire

@Suite("The rules of Simplex, one by one")
struct EngineTests {
    @Test(
        "S-1: each kind of certificate opens the next view, is passed on, and ends the old timers",
        arguments: Ballot.Kind.allCases)
    func enter(_ kind: Ballot.Kind) {
        var probe = Probe()
        _ = probe.wait()
        let entry = certificate(kind, 3, block(3).hash)
        let actions = probe.hear(entry)
        #expect(probe.engine.view == View(4))
        #expect(actions.contains(.persist(.certificate(entry))))
        #expect(actions.broadcasts.contains(.certificate(entry)))
        #expect(actions.contains(.cancelTimer(.view(View(1)))))
        #expect(actions.contains(.report(.entered(View(4), by: kind))))
    }

    @Test("S-1: an old or known certificate changes nothing")
    func oldCertificate() {
        var probe = Probe()
        _ = probe.hear(certificate(.nullify, 5))
        #expect(probe.hear(certificate(.nullify, 5)) == [])
        _ = probe.hear(certificate(.nullify, 2))
        #expect(probe.engine.view == View(6))
    }

    @Test("S-1: time alone never opens a view")
    func noTime() {
        var probe = Probe()
        _ = probe.wait()
        _ = probe.fire(.view(View(1)))
        _ = probe.fire(.retry(View(1)))
        #expect(probe.engine.view == View(1))
    }

    @Test("S-1: a nullify for a view that has ended is answered with the certificate that ended it")
    func straggler() {
        var probe = Probe()
        let entry = certificate(.nullify, 5)
        _ = probe.hear(entry)
        #expect(probe.hear(vote(.nullify, 3, by: 2)).contains(.send(.certificate(entry), to: Seat(2))))
    }

    @Test("S-2: a block is refused with the wrong leader, a missing or foreign nullification, or none of its parent")
    func unsound() {
        let parent = block(1)
        let orphan = EngineHeader(
            epoch: .zero, view: View(2), parent: parent.reference,
            justification: Justification(parent: nil, nullifications: []), proposer: parent.header.proposer,
            record: parent.header.record, body: parent.header.body)
        #expect(!orphan.isSound(in: chain))
        for bad in [
            block(1, proposer: 2), block(3, on: parent, nullifications: []), block(4, on: parent, nullifications: [3]),
            block(3, on: parent, nullifications: [1]), block(3, on: parent, nullifications: [2, 3]),
        ] {
            var probe = Probe()
            #expect(probe.accept(bad).casts == [])
            #expect(probe.engine.view == View(1))
        }
    }

    @Test("S-2: the leader builds on the highest notarized block and carries what justifies it")
    func order() throws {
        var leader = Probe()
        let first = block(1)
        _ = leader.accept(first)
        _ = leader.hear(certificate(.notarize, 1, first.hash))
        _ = leader.hear(certificate(.nullify, 2))
        _ = leader.hear(certificate(.nullify, 3))
        let order = try #require(leader.wait().orders.first)
        #expect(order.view == View(4))
        #expect(order.parent == first.reference)
        #expect(order.justification.parent?.kind == .notarize)
        #expect(order.justification.nullifications.map(\.view) == [View(2), View(3)])
        #expect(order.header(record: first.header.record, body: first.header.body).isSound(in: chain))
    }

    @Test("S-2: a leader that does not know how a view ended asks, and does not propose")
    func unknownParent() {
        var leader = Probe()
        _ = leader.wait()
        let actions = leader.hear(certificate(.nullify, 3))
        #expect(actions.orders == [])
        #expect(actions.fetched == [.certificates(after: .zero, epoch: .zero)])
        #expect(leader.hear(certificate(.nullify, 2)).orders == [])
        #expect(leader.hear(certificate(.nullify, 1)).orders.count == 1)
    }

    @Test("S-2: a block above more nullified views than it can carry waits until its voter holds the others")
    func longGap() {
        let far = block(41)
        #expect(far.header.justification.nullifications.count == Justification.nullificationCountMax)
        var probe = Probe()
        let actions = probe.hear(far)
        #expect(probe.engine.view == View(41))
        #expect(actions.fetched.contains(.certificates(after: View(8), epoch: .zero)))
        #expect(!actions.contains { if case .validate = $0 { true } else { false } })
        for view in 1..<24 { _ = probe.hear(certificate(.nullify, UInt64(view))) }
        #expect(
            probe.hear(certificate(.nullify, 24)).contains(
                .validate(far.hash, .init(parent: genesis.hash, mustBeEmpty: false))))
    }

    @Test("S-3: the first valid block of the leader is notarized, its body persisted before")
    func notarize() {
        var probe = Probe()
        let first = block(1)
        let heard = probe.hear(first)
        #expect(heard.contains(.validate(first.hash, .init(parent: genesis.hash, mustBeEmpty: false))))
        let actions = probe.engine.receive(.validated(first.hash, .valid))
        #expect(Array(actions.prefix(2)) == [.persist(.block(first)), .cast(ballot(.notarize, 1, first.hash))])
    }

    @Test("S-3: a second block of the view, an invalid and an untimely one get no vote")
    func notTwice() {
        var probe = Probe()
        _ = probe.accept(block(1))
        #expect(probe.accept(block(1, tag: 2)).casts == [])
        var other = Probe()
        #expect(other.accept(block(1), .invalid).casts == [])
        #expect(other.accept(block(1, tag: 2)).casts == [])
        var third = Probe()
        #expect(third.accept(block(1), .untimely).casts == [])
    }

    @Test("S-3: a block of a view that was left gets no vote")
    func tooLate() {
        var probe = Probe()
        _ = probe.hear(block(1))
        _ = probe.hear(certificate(.nullify, 1))
        #expect(probe.engine.receive(.validated(block(1).hash, .valid)).casts == [])
    }

    @Test("S-4: leader and view have their time, then the view is given up")
    func timers() {
        var probe = Probe()
        let timers = probe.wait().started
        #expect(timers[.leader(View(1))] == .milliseconds(200))
        #expect(timers[.view(View(1))] == .milliseconds(300))
        #expect(probe.fire(.leader(View(1))).casts == [ballot(.nullify, 1)])
        #expect(probe.fire(.view(View(1))).casts == [])
        #expect(probe.fire(.view(View(9))) == [])
    }

    @Test("S-4: a notarize stops the leader's timer, and the view's still leads to a nullify")
    func notarizeThenNullify() {
        var probe = Probe()
        _ = probe.wait()
        let actions = probe.accept(block(1))
        #expect(actions.contains(.cancelTimer(.leader(View(1)))))
        #expect(probe.fire(.view(View(1))).casts == [ballot(.nullify, 1)])
    }

    @Test("S-4: f + 1 nullifies make a validator join, f do not")
    func join() {
        var probe = Probe()
        #expect(probe.hear(vote(.nullify, 1, by: 1)).casts == [])
        #expect(probe.hear(vote(.nullify, 1, by: 1)).casts == [])
        #expect(probe.hear(vote(.nullify, 1, by: 2)).casts == [ballot(.nullify, 1)])
    }

    @Test("S-4: a stuck view repeats own votes, certificates and transactions")
    func retry() {
        var probe = Probe()
        _ = probe.hear(certificate(.nullify, 1))
        _ = probe.wait()
        let given = probe.fire(.view(View(2))).casts
        #expect(given == [ballot(.nullify, 2)])
        let said = probe.cast(ballot(.nullify, 2))
        let again = probe.fire(.retry(View(2)))
        #expect(again.broadcasts.contains(.certificate(certificate(.nullify, 1))))
        #expect(again.broadcasts.contains(.vote(vote(.nullify, 2, by: 0))))
        #expect(said.broadcasts == [.vote(vote(.nullify, 2, by: 0))])
        #expect(again.contains(.resendTransactions))
        #expect(again.started[.retry(View(2))] != nil)
    }

    @Test("S-5: a notarization is finalized, also of a block not seen yet, and the next view begins")
    func finalize() {
        var probe = Probe()
        let first = block(1)
        #expect(probe.hear(certificate(.notarize, 1, first.hash)).casts == [ballot(.finalize, 1, first.hash)])
        #expect(probe.engine.view == View(2))
    }

    @Test("S-5: no finalize after a nullify, nor for another block than the own notarize")
    func noFinalize() {
        var given = Probe()
        _ = given.wait()
        _ = given.fire(.view(View(1)))
        #expect(given.hear(certificate(.notarize, 1, block(1).hash)).casts == [])
        var other = Probe()
        _ = other.accept(block(1))
        #expect(other.hear(certificate(.notarize, 1, block(1, tag: 2).hash)).casts == [])
    }

    @Test("S-5: no finalize for a view that was passed")
    func noLateFinalize() {
        var probe = Probe()
        _ = probe.hear(certificate(.nullify, 4))
        #expect(probe.hear(certificate(.notarize, 3, block(3).hash)).casts == [])
    }

    @Test("S-6: a finalization commits the block and its ancestors, in order, once")
    func commit() {
        var probe = Probe()
        let first = block(1)
        let second = block(2, on: first)
        _ = probe.accept(first)
        _ = probe.accept(second)
        let final = certificate(.finalize, 2, second.hash)
        #expect(probe.hear(final).committed == [[first.hash, second.hash]])
        #expect(probe.engine.head.height == Height(2))
        #expect(probe.hear(final).committed == [])
        #expect(probe.hear(certificate(.finalize, 1, first.hash)).committed == [])
    }

    @Test("S-6: a quorum of finalize votes makes the certificate; a repeated vote does not count")
    func quorum() {
        var probe = Probe()
        let first = block(1)
        _ = probe.accept(first)
        _ = probe.hear(vote(.finalize, 1, first.hash, by: 1))
        for _ in 0..<3 { #expect(probe.hear(vote(.finalize, 1, first.hash, by: 2)).committed == []) }
        #expect(probe.hear(vote(.finalize, 1, first.hash, by: 3)).committed == [[first.hash]])
    }

    @Test("S-6: a missing body is fetched, and committed when it has come")
    func missingBody() {
        var probe = Probe()
        let first = block(1)
        let second = block(2, on: first)
        _ = probe.hear(certificate(.finalize, 2, second.hash))
        #expect(probe.fire(.fetch).fetched.contains(.block(second.hash)))
        #expect(probe.hear(second).fetched == [.block(first.hash)])
        _ = probe.accept(first)
        #expect(probe.engine.receive(.validated(second.hash, .valid)).committed == [[first.hash, second.hash]])
    }

    @Test("S-6: whoever is far behind asks for finalised blocks by height")
    func farBehind() {
        var probe = Probe()
        #expect(probe.hear(certificate(.finalize, 900, block(9).hash)).fetched.contains(.finalised(after: .zero)))
    }

    @Test("S-6: contradicting certificates stop all signing")
    func contradiction() {
        var probe = Probe()
        _ = probe.hear(certificate(.notarize, 1, block(1).hash))
        let actions = probe.hear(certificate(.notarize, 1, block(1, tag: 2).hash))
        #expect(actions.notices.contains { if case .contradiction = $0 { true } else { false } })
        #expect(probe.engine.isMuted)
        _ = probe.wait()
        #expect(probe.fire(.view(View(2))).casts == [])
    }

    @Test("S-7: a vote leaves only when it is durable")
    func durable() {
        var probe = Probe()
        let first = block(1)
        #expect(probe.accept(first).broadcasts == [])
        #expect(
            probe.cast(ballot(.notarize, 1, first.hash)).broadcasts == [.vote(vote(.notarize, 1, first.hash, by: 0))])
    }

    @Test("S-12: conflicting votes are evidence once; notarize with nullify is none")
    func evidence() {
        var probe = Probe()
        let (first, second) = (
            vote(.notarize, 1, block(1).hash, by: 2), vote(.notarize, 1, block(1, tag: 2).hash, by: 2)
        )
        _ = probe.hear(first)
        #expect(probe.hear(second).notices == [.conflict(first, second)])
        #expect(probe.hear(second).notices == [])
        _ = probe.hear(vote(.notarize, 1, block(1).hash, by: 3))
        #expect(probe.hear(vote(.nullify, 1, by: 3)).notices == [])
    }

    @Test("Far-future votes are dropped; a certificate is taken at any distance")
    func farFuture() {
        var probe = Probe()
        let before = probe.engine
        #expect(!before.isNews(vote(.nullify, 34, by: 1)))
        for seat in 1...3 { _ = probe.hear(vote(.nullify, 34, by: seat)) }
        #expect(probe.engine.view == View(1))
        for seat in 1...3 { _ = probe.hear(vote(.nullify, 33, by: seat)) }
        #expect(probe.engine.view == View(34))
    }
}
