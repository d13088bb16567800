import Consensus
import Primitives
import Simulation
import Testing
import Wire

@Suite("Restart, idleness and pace")
struct TimeAndRestartTests {
    private func restored(_ votes: [Vote], blocks: [Block] = [], certificates: [Certificate] = []) -> Restored {
        Restored(
            head: .genesis(of: chain), votes: Guard(votes: votes, of: Seat(0), epoch: .zero),
            certificates: certificates, blocks: blocks)
    }

    @Test("S-7: after a restart the same votes are sent again, and no other notarize is signed")
    func restart() {
        let first = block(1)
        let signed = vote(.notarize, 1, first.hash, by: 0)
        var probe = Probe(restored: restored([signed], blocks: [first]))
        #expect(probe.start().broadcasts == [.vote(signed)])
        #expect(probe.accept(block(1, tag: 2)).casts == [])
        #expect(probe.hear(certificate(.notarize, 1, first.hash)).casts == [ballot(.finalize, 1, first.hash)])
    }

    @Test("S-7: after a restart no finalize follows a nullify, and no nullify a finalize")
    func restartExclusions() {
        let first = block(1)
        var given = Probe(restored: restored([vote(.nullify, 1, by: 0)]))
        _ = given.start()
        #expect(given.hear(certificate(.notarize, 1, first.hash)).casts == [])
        var final = Probe(restored: restored([vote(.finalize, 1, first.hash, by: 0)]))
        #expect(final.start().started[.view(View(1))] != nil)
        #expect(final.fire(.view(View(1))).casts == [])
    }

    @Test("S-7: a lone validator whose stored vote is a certificate takes it as one after a restart")
    func loneRestart() {
        let signed = [vote(.notarize, 1, block(1, count: 1).hash, by: 0), vote(.nullify, 1, by: 0)]
        var probe = Probe(count: 1, restored: restored(signed))
        #expect(probe.start().notices == [.entered(View(2), by: .notarize)])
    }

    @Test("S-7: the guard takes the highest view of all it finds, in any order, of its own seat and epoch")
    func highest() {
        let foreign = Vote(
            ballot: Ballot(kind: .nullify, epoch: ValidatorEpoch(1), view: View(99), hash: .zero), signer: Seat(0),
            signature: SimulatedSigner.sign(ballot(.nullify, 99), as: Seat(0)))
        let found = [vote(.nullify, 7, by: 0), vote(.nullify, 3, by: 0), vote(.nullify, 50, by: 1), foreign]
        let memory = Guard(votes: found, of: Seat(0), epoch: .zero)
        #expect(memory.watermark == View(7))
        #expect(memory.compacted(finalised: View(9)).map(\.view) == [View(7)])
        #expect(Probe(restored: restored(found)).engine.view == View(7))
    }

    @Test("S-7: a guard that is behind its own signatures refuses to sign and says why")
    func guardBehind() {
        var probe = Probe(restored: restored([vote(.nullify, 1, by: 0)]))
        _ = probe.start()
        let seen = certificate(.notarize, 4, block(4).hash, by: [0, 1, 2])
        #expect(probe.hear(seen).notices.contains(.guardBehind(seen.ballot)))
        #expect(probe.engine.isMuted)
        #expect(probe.engine.view == View(5))
        #expect(probe.accept(block(5, on: nil)).casts == [])
        var twin = Probe()
        #expect(twin.hear(vote(.nullify, 1, by: 0)).notices.contains(.guardBehind(ballot(.nullify, 1))))
    }

    @Test("S-7: a guard behind the finalization in its own store refuses to sign")
    func storeAhead() {
        let first = block(1)
        let final = certificate(.finalize, 1, first.hash, by: [0, 1, 2])
        let head = FinalisedHead(block: first.reference, height: Height(1), finalization: final)
        let memory = Guard(votes: [], of: Seat(0), epoch: .zero)
        var probe = Probe(restored: Restored(head: head, votes: memory, certificates: [], blocks: []))
        #expect(probe.start().notices == [.guardBehind(final.ballot)])
    }

    @Test("S-7: certificates and blocks from the disk count again")
    func restoredChain() {
        let first = block(1)
        var probe = Probe(
            restored: restored(
                [vote(.finalize, 1, first.hash, by: 0)], blocks: [first],
                certificates: [certificate(.notarize, 1, first.hash)]))
        #expect(probe.engine.view == View(2))
        let actions = probe.start()
        #expect(actions.contains(.validate(first.hash, .init(parent: genesis.hash, mustBeEmpty: false))))
        #expect(actions.started[.view(View(2))] != nil)
    }

    @Test("S-8: a leader of whom nothing was seen in 2n views is given no time, but not at the start")
    func silentLeader() {
        var calm = Probe(seat: 0)
        _ = calm.wait()
        for view in 1...12 {
            let actions = calm.hear(certificate(.nullify, UInt64(view), by: [2, 3, 1]))
            #expect(actions.casts == [], "all are heard")
        }
        var probe = Probe(seat: 2, count: 7)
        _ = probe.wait()
        for view in 1...20 {
            let actions = probe.hear(certificate(.nullify, UInt64(view), by: [0, 3, 4, 5, 6]))
            #expect(actions.casts == [], "view \(view)")
        }
        // View 22 is led by seat 1, of whom nothing was ever seen; so was view 15, too early to tell.
        #expect(probe.hear(certificate(.nullify, 21, by: [0, 3, 4, 5, 6])).casts == [ballot(.nullify, 22)])
    }

    @Test("S-9: without work nothing runs but the heartbeat")
    func idle() {
        var probe = Probe()
        #expect(probe.start().started.keys.sorted(by: { "\($0)" < "\($1)" }) == [.fetch, .heartbeat(View(1))])
        let busy = probe.wait()
        #expect(busy.contains(.cancelTimer(.heartbeat(View(1)))))
        let calm = probe.wait(unfinalised: false, unproposed: false)
        #expect(calm.contains(.cancelTimer(.view(View(1)))))
        #expect(calm.started == [.heartbeat(View(1)): .seconds(10)])
    }

    @Test("S-9: the heartbeat makes the leader propose and the others expect it")
    func heartbeat() {
        var leader = Probe(seat: 1)
        _ = leader.start()
        #expect(leader.fire(.heartbeat(View(1))).orders.count == 1)
        var voter = Probe(seat: 2)
        _ = voter.start()
        #expect(voter.fire(.heartbeat(View(1))).started[.leader(View(1))] == .milliseconds(200))
    }

    @Test("S-9: a lone validator makes one block per batch and then rests")
    func alone() throws {
        var probe = Probe(count: 1)
        _ = probe.start()
        var queue = probe.wait()
        var built = 0
        var finalised = 0
        while !queue.isEmpty {
            switch queue.removeFirst() {
            case .propose(let order):
                built += 1
                let new = block(order.view.rawValue, count: 1)
                queue += probe.engine.receive(.built(Verified(unchecked: new)))
            case .cast(let ballot): queue += probe.cast(ballot)
            case .commit(let blocks, _):
                finalised += blocks.count
                queue += probe.wait(unfinalised: false, unproposed: false)
            case .persist, .broadcast, .send, .resendTransactions, .startTimer, .cancelTimer, .fetch, .validate, .seal,
                .drop, .report:
                break
            }
            try #require(built < 5)
        }
        #expect(built == 1)
        #expect(finalised == 1)
        #expect(probe.engine.view == View(2))
    }

    @Test("S-9: a leader with nothing new waits Δ before it helps an older block to finality")
    func proposeLate() {
        var leader = Probe()
        let third = block(3)
        _ = leader.accept(third)
        let entered = leader.hear(certificate(.notarize, 3, third.hash))
        #expect(entered.orders == [])
        #expect(entered.started[.propose(View(4))] == .milliseconds(100))
        #expect(leader.fire(.propose(View(4))).orders.count == 1)
    }

    @Test("S-10: Δ doubles with each view given up by time, to its cap, and a finalization resets it")
    func doubling() {
        var probe = Probe(seat: 3)
        var timers = probe.wait(unproposed: false).started
        var expected = Duration.milliseconds(300)
        for view in 1...8 {
            #expect(timers[.view(View(UInt64(view)))] == min(expected, .seconds(15)))
            let given = probe.fire(.view(View(UInt64(view))))
            #expect(given.casts == [ballot(.nullify, UInt64(view))])
            timers = probe.hear(certificate(.nullify, UInt64(view), by: [0, 1, 2])).started
            expected = expected * 2
        }
        let new = block(9)
        _ = probe.accept(new)
        _ = probe.hear(certificate(.notarize, 9, new.hash))
        #expect(probe.hear(certificate(.finalize, 9, new.hash)).committed == [[new.hash]])
        timers = probe.hear(certificate(.nullify, 10, by: [0, 1, 2])).started
        #expect(timers[.view(View(11))] == .milliseconds(300))
    }

    @Test("S-11: sixteen blocks above the last finalised one make the next proposal empty")
    func emptyBlocks() throws {
        var leader = Probe(seat: 1)
        var parent: Block?
        for view in 1...16 {
            let next = block(UInt64(view), on: parent)
            _ = leader.accept(next)
            _ = leader.hear(certificate(.notarize, UInt64(view), next.hash))
            parent = next
        }
        let order = try #require(leader.wait().orders.first)
        #expect(order.view == View(17))
        #expect(order.mustBeEmpty)
    }
}
