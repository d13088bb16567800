import Consensus
import Primitives
import Testing
import Wire

@Suite("What an operator hears of a view that does not end")
struct AwaitedTests {
    @Test("Without a proposal, the leader is awaited")
    func proposal() {
        var probe = Probe()
        _ = probe.wait()
        #expect(probe.engine.awaited.step == .proposal)
        #expect(probe.engine.awaited.missing == [Seat(1)])
        #expect(probe.engine.awaited.leader == Seat(1))
    }

    @Test("With a proposal, those whose notarize is unknown are awaited, and those who gave it are counted")
    func notarize() {
        var probe = Probe()
        let first = block(1)
        _ = probe.accept(first)
        _ = probe.cast(ballot(.notarize, 1, first.hash))
        _ = probe.hear(vote(.notarize, 1, first.hash, by: 2))
        let awaited = probe.engine.awaited
        #expect(awaited.step == .notarize)
        #expect(awaited.view == View(1))
        #expect(awaited.voters == [Seat(0), Seat(2)])
        #expect(awaited.missing == [Seat(1), Seat(3)])
        #expect(awaited.quorum == 3)
    }

    @Test("Once more gave up than notarized, their nullify votes are counted; a tie counts the notarize votes")
    func nullify() {
        var probe = Probe()
        let first = block(1)
        _ = probe.accept(first)
        _ = probe.hear(vote(.notarize, 1, first.hash, by: 2))
        _ = probe.hear(vote(.nullify, 1, by: 3))
        #expect(probe.engine.awaited.step == .notarize)
        _ = probe.hear(vote(.nullify, 1, by: 2))
        #expect(probe.engine.awaited.step == .nullify)
        #expect(probe.engine.awaited.voters == [Seat(2), Seat(3)])
        #expect(probe.engine.awaited.missing == [Seat(0), Seat(1)])
    }

    @Test("After a notarization, finalize votes are awaited until somebody votes in the next view")
    func finalize() {
        var probe = Probe()
        let first = block(1)
        _ = probe.accept(first)
        _ = probe.hear(certificate(.notarize, 1, first.hash))
        _ = probe.hear(vote(.finalize, 1, first.hash, by: 2))
        #expect(probe.engine.awaited.step == .finalize)
        #expect(probe.engine.awaited.view == View(1))
        #expect(probe.engine.awaited.voters == [Seat(2)])
        _ = probe.hear(vote(.nullify, 2, by: 3))
        #expect(probe.engine.awaited.view == View(2))
        #expect(probe.engine.awaited.viewsSince == 2)
    }

    @Test("A block that is final and not here is awaited before anything else")
    func body() {
        var probe = Probe()
        _ = probe.hear(certificate(.finalize, 7, block(7).hash))
        #expect(probe.engine.awaited.step == .block)
        #expect(probe.engine.awaited.view == View(7))
        #expect(probe.engine.awaited.missing == [])
    }

    @Test("A validator that is not heard of for 2n views is silent, and its last vote is known")
    func silent() {
        var probe = Probe()
        _ = probe.hear(certificate(.nullify, 2, by: [0, 1, 2, 3]))
        for view in 3...20 { _ = probe.hear(certificate(.nullify, UInt64(view), by: [0, 1, 2])) }
        #expect(probe.engine.silent == [Seat(3)])
        #expect(probe.engine.lastVoted.map(\.rawValue) == [20, 20, 20, 2])
    }
}
