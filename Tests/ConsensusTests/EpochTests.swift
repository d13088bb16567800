import Consensus
import Crypto
import Primitives
import Simulation
import Testing
import Wire

/// The end of a validator epoch and the beginning of the next, for four validators whose first epoch has two heights.
@Suite("Validator epochs, rule by rule")
struct EpochTests {
    private let one = ValidatorEpoch(1)
    private let below = block(1)
    private var sealing: Block { block(2, on: below) }

    /// Knows the sealing block notarized; not final.
    private func atTheEnd(seat: Int = 0) -> Probe {
        var probe = Probe(seat: seat, lastHeight: Height(2))
        _ = probe.accept(below)
        _ = probe.hear(certificate(.notarize, 1, below.hash))
        _ = probe.accept(sealing)
        _ = probe.hear(certificate(.notarize, 2, sealing.hash))
        return probe
    }

    /// What the store gives back once the sealing block is final, by a certificate of its own or of an echo.
    private func sealed(by finalization: Certificate? = nil, echo: Block? = nil, votes: [Vote] = []) -> Restored {
        Restored(
            head: FinalisedHead(
                block: sealing.reference, height: Height(2), record: sealing.header.record,
                finalization: finalization ?? certificate(.finalize, 2, sealing.hash), echo: echo?.header),
            votes: Guard(votes: votes, of: Seat(0), epoch: one), certificates: [], blocks: [])
    }

    /// The first block of the next epoch.
    private func opening(
        _ view: UInt64 = 3, on parent: BlockReference? = nil, by finalization: Certificate? = nil,
        echo: EngineHeader? = nil, nulls: ValidatorEpoch = ValidatorEpoch(1), tag: UInt8 = 7
    ) -> EngineHeader {
        let parent = parent ?? sealing.reference
        return EngineHeader(
            epoch: one, view: View(view), parent: parent,
            justification: Justification(
                parent: finalization ?? certificate(.finalize, 2, sealing.hash), echo: echo,
                nullifications: Justification.carriedViews(from: parent.view, to: View(view)).map {
                    certificate(.nullify, $0, in: nulls)
                }),
            proposer: validators(4).validators[Int(view) % 4].id, record: CID(.dagCBOR, SHA256.hash([tag])),
            body: SHA256.hash([tag]))
    }

    // MARK: The end

    @Test("S-13: the finalization of the sealing block ends the epoch, and is told to the others")
    func seal() {
        var probe = atTheEnd()
        let final = certificate(.finalize, 2, sealing.hash)
        let actions = probe.hear(final)
        #expect(actions.seals == [.init(blocks: [below, sealing], echoes: [], finalization: final)])
        #expect(actions.committed == [])
        #expect(actions.broadcasts.contains(.certificate(final)))
        #expect(actions.started == [:])
        #expect(probe.engine.isSealed)
        #expect(probe.engine.head.block == sealing.reference)
        #expect(probe.engine.head.record == sealing.header.record)
    }

    @Test("S-13: the finalization of an echo commits up to the sealing block, and the echoes get no height")
    func sealByEcho() {
        var probe = atTheEnd()
        let third = echo(3, of: sealing)
        let fifth = echo(5, of: third)
        #expect(probe.hear(third).validated == [])
        _ = probe.hear(certificate(.notarize, 3, third.hash))
        let final = certificate(.finalize, 5, fifth.hash)
        #expect(probe.hear(final).seals == [])
        let actions = probe.hear(fifth)
        #expect(actions.seals == [.init(blocks: [below, sealing], echoes: [third, fifth], finalization: final)])
        #expect(probe.engine.head.block == sealing.reference)
        #expect(probe.engine.head.height == Height(2))
        #expect(probe.engine.head.echo == fifth.header)
        var hasher = SHA256()
        let proof = SimplexProof(finalization: final, headers: [fifth.header])
        #expect(proof.record(with: &hasher) == sealing.header.record)
    }

    @Test("S-13: blocks that lose against the sealing block are dropped with it")
    func losers() {
        var probe = atTheEnd()
        let third = echo(3, of: sealing)
        _ = probe.hear(third)
        let actions = probe.hear(certificate(.finalize, 2, sealing.hash))
        #expect(actions.contains(.drop([third.hash])))
        #expect(probe.engine.load.blocks == 0)
    }

    @Test("S-13: an echo is voted for without execution; above the sealing block nothing else is")
    func voteForEcho() {
        var probe = atTheEnd()
        let good = echo(3, of: sealing)
        #expect(probe.hear(good).casts == [ballot(.notarize, 3, good.hash)])
        let bad = [
            echo(3, of: sealing, record: CID(.dagCBOR, SHA256.hash([9]))), echo(3, of: sealing, body: [1]),
            block(3, on: sealing),
        ]
        for block in bad {
            var probe = atTheEnd()
            let actions = probe.hear(block)
            #expect(actions.casts == [])
            #expect(actions.validated == [])
            #expect(actions.notices == [.invalidBlock(block.reference)])
        }
    }

    @Test("S-13: a finalised block above the sealing block that is no echo stops all signing")
    func falseEnd() {
        var probe = atTheEnd()
        let false3 = block(3, on: sealing)
        _ = probe.hear(certificate(.finalize, 3, false3.hash))
        #expect(probe.hear(false3).notices.contains(.invalidFinalised(false3.reference)))
        #expect(probe.engine.isMuted)
        #expect(!probe.engine.isSealed)
    }

    @Test("S-13: a leader makes an echo only when Δ has passed, whatever waits")
    func leadEcho() throws {
        var leader = atTheEnd(seat: 3)
        #expect(leader.wait().orders == [])
        let order = try #require(leader.fire(.propose(View(3))).orders.first)
        #expect(order.parent == sealing.reference)
        #expect(order.echoes == sealing.header.record)
        let built = echo(3, of: sealing)
        #expect(order.header(record: sealing.header.record, body: SHA256.hash([])) == built.header)
        let actions = leader.engine.receive(.built(Verified(unchecked: built)))
        #expect(actions.casts == [ballot(.notarize, 3, built.hash)])
        #expect(actions.broadcasts == [.proposal(built)])
    }

    @Test("S-13: below the sealing block nothing is an echo")
    func noEcho() {
        var probe = Probe(lastHeight: Height(2))
        _ = probe.accept(below)
        _ = probe.hear(certificate(.notarize, 1, below.hash))
        let early = echo(2, of: below)
        #expect(probe.hear(early).validated == [early.hash])
    }

    @Test("S-13: whoever has sealed the epoch does nothing in it any more")
    func afterwards() {
        var probe = atTheEnd()
        let own = ballot(.notarize, 2, sealing.hash)
        _ = probe.hear(certificate(.finalize, 2, sealing.hash))
        #expect(probe.cast(own) == [])
        #expect(probe.hear(vote(.nullify, 3, by: 1)) == [])
        #expect(probe.hear(certificate(.nullify, 3)) == [])
        #expect(probe.hear(echo(3, of: sealing)) == [])
        #expect(probe.fire(.view(View(3))) == [])
        #expect(probe.wait() == [])
        #expect(!probe.engine.isNews(vote(.nullify, 3, by: 1)))
        #expect(!probe.engine.isNews(certificate(.nullify, 3)))
        #expect(!probe.engine.isNews(echo(3, of: sealing)))
    }

    // MARK: The beginning

    @Test("S-14: the next epoch begins at the view after the sealing block's, however long the echoes went on")
    func begin() throws {
        let fifth = echo(5, of: echo(3, of: sealing))
        let final = certificate(.finalize, 5, fifth.hash)
        var leader = Probe(seat: 3, epoch: one, lastHeight: Height(4), restored: sealed(by: final, echo: fifth))
        _ = leader.start()
        #expect(leader.engine.view == View(3))
        let order = try #require(leader.wait().orders.first)
        #expect(order.epoch == one)
        #expect(order.echoes == nil)
        #expect(order.justification.parent == final)
        #expect(order.justification.echo == fifth.header)
        let header = order.header(record: CID(.dagCBOR, SHA256.hash([7])), body: SHA256.hash([7]))
        #expect(header == opening(by: final, echo: fifth.header))
        #expect(header.isSound(in: chain))
        var voter = Probe(epoch: one, lastHeight: Height(4), restored: sealed())
        let first = signed(header, body: [7])
        #expect(voter.accept(first).casts == [ballot(.notarize, 3, first.hash, in: one)])
    }

    @Test("S-14: the first block carries exactly the finalization that sealed the epoch before")
    func unsound() {
        let final = certificate(.finalize, 2, sealing.hash)
        let third = echo(3, of: sealing)
        let byEcho = certificate(.finalize, 3, third.hash)
        #expect(opening(by: final).isSound(in: chain))
        #expect(opening(4, by: byEcho, echo: third.header).isSound(in: chain))
        for bad in [
            opening(by: certificate(.notarize, 2, sealing.hash)), opening(by: byEcho),
            opening(by: final, echo: third.header), opening(by: final, echo: sealing.header),
            opening(by: certificate(.finalize, 2, sealing.hash, in: ValidatorEpoch(2))),
            opening(4, by: final, nulls: .zero), opening(4, on: third.reference, by: byEcho, echo: third.header),
            opening(by: certificate(.finalize, 2, sealing.hash, in: one), echo: third.header),
        ] {
            #expect(!bad.isSound(in: chain))
        }
    }

    @Test("S-14: an echo whose hash is not the certified one makes no block")
    func foreignEcho() {
        let third = echo(3, of: sealing)
        let header = opening(by: certificate(.finalize, 3, sealing.hash), echo: third.header)
        let proposal = Proposal(
            header: header, signature: SimulatedSigner.signProposal(view: View(3), hash: .zero, as: Seat(3)), body: [7])
        #expect(header.isSound(in: chain))
        var hasher = SHA256()
        #expect(Block(proposal, with: &hasher) == nil)
    }

    @Test("S-14: no vote for a first block on another block than the sealing one, nor with an echo of another record")
    func foreignParent() {
        let other = block(2, on: below, tag: 2)
        let false3 = echo(3, of: sealing, record: other.header.record)
        let bad = [
            opening(on: other.reference, by: certificate(.finalize, 2, other.hash)),
            opening(by: certificate(.finalize, 3, false3.hash), echo: false3.header),
        ]
        for header in bad {
            #expect(header.isSound(in: chain))
            var voter = Probe(epoch: one, lastHeight: Height(4), restored: sealed())
            let actions = voter.accept(signed(header, body: [7]))
            #expect(actions.casts == [] && actions.validated == [])
        }
    }

    @Test("S-14: votes and certificates of another epoch count for nothing, though their views are the same")
    func foreignVotes() {
        var probe = Probe(epoch: one, restored: sealed())
        _ = probe.start()
        #expect(!probe.engine.isNews(vote(.nullify, 3, by: 1)))
        for seat in 1...3 { #expect(probe.hear(vote(.nullify, 3, by: seat)) == []) }
        #expect(probe.hear(vote(.nullify, 3, by: 0)) == [])
        #expect(probe.hear(certificate(.nullify, 3)) == [])
        #expect(probe.cast(ballot(.nullify, 3)) == [])
        #expect(probe.engine.view == View(3))
        #expect(!probe.engine.isMuted)
        for seat in 1...2 { _ = probe.hear(vote(.nullify, 3, by: seat, in: one)) }
        _ = probe.hear(vote(.nullify, 3, by: 3, in: one))
        #expect(probe.engine.view == View(4))
    }

    @Test("S-14: a seal of a high view hides no finalization of the new epoch")
    func highSeal() {
        let ninth = echo(9, of: sealing)
        let final = certificate(.finalize, 9, ninth.hash)
        var probe = Probe(epoch: one, restored: sealed(by: final, echo: ninth))
        let first = signed(opening(by: final, echo: ninth.header), body: [7])
        _ = probe.accept(first)
        for seat in 1...2 { _ = probe.hear(vote(.finalize, 3, first.hash, by: seat, in: one)) }
        #expect(probe.hear(vote(.finalize, 3, first.hash, by: 3, in: one)).committed == [[first.hash]])
        #expect(probe.engine.head.echo == nil)
    }

    @Test("S-14: what the disk still has of the epoch before binds nobody")
    func leftovers() {
        let restored = Restored(
            head: sealed().head,
            votes: Guard(votes: [vote(.notarize, 9, sealing.hash, by: 0)], of: Seat(0), epoch: one),
            certificates: [certificate(.nullify, 8)], blocks: [echo(3, of: sealing)])
        var probe = Probe(epoch: one, lastHeight: Height(4), restored: restored)
        #expect(probe.engine.view == View(3))
        #expect(probe.engine.load.blocks == 0)
        #expect(probe.start().broadcasts == [])
        #expect(!probe.engine.isMuted)
    }

    @Test("S-14: a restart within the new epoch finds its own votes again")
    func restart() {
        let own = vote(.nullify, 4, by: 0, in: one)
        var probe = Probe(epoch: one, restored: sealed(votes: [own]))
        #expect(probe.engine.view == View(4))
        #expect(probe.start().broadcasts == [.vote(own)])
    }

    @Test("S-14: who had reason to sign nothing in one epoch signs nothing in the next")
    func muted() {
        var probe = Probe(epoch: one, restored: sealed(), isMuted: true)
        #expect(probe.accept(signed(opening(), body: [7])).casts == [])
        _ = probe.wait()
        #expect(probe.fire(.view(View(3))).casts == [])
    }

    @Test("S-14: a store that already holds the sealing block makes no engine of its epoch")
    func tooLate() {
        var probe = Probe(lastHeight: Height(2), restored: sealed())
        #expect(probe.engine.isSealed)
        #expect(probe.start() == [])
    }

    @Test("S-16: an epoch may begin above any final block, with fewer validators; the old one's votes count no more")
    func recovered() throws {
        let final = certificate(.finalize, 1, below.hash)
        let restored = Restored(
            head: FinalisedHead(
                block: below.reference, height: Height(1), record: below.header.record, finalization: final),
            votes: Guard(votes: [vote(.notarize, 2, sealing.hash, by: 0)], of: Seat(0), epoch: one),
            certificates: [certificate(.notarize, 2, sealing.hash)], blocks: [sealing])
        var leader = Probe(seat: 0, count: 2, epoch: one, lastHeight: Height(9), restored: restored)
        _ = leader.start()
        #expect(leader.engine.view == View(2))
        #expect(!leader.engine.isNews(certificate(.finalize, 2, sealing.hash)))
        #expect(!leader.engine.isNews(sealing))
        let order = try #require(leader.wait().orders.first)
        #expect(order.parent == below.reference)
        #expect(order.justification == Justification(parent: final, nullifications: []))
        let header = order.header(record: CID(.dagCBOR, SHA256.hash([7])), body: SHA256.hash([7]))
        #expect(header.isSound(in: chain))
        var voter = Probe(seat: 1, count: 2, epoch: one, lastHeight: Height(9), restored: restored)
        let first = signed(header, body: [7])
        #expect(voter.accept(first).casts == [ballot(.notarize, 2, first.hash, in: one)])
    }

    // MARK: Stragglers

    @Test("S-15: a question for certificates names its epoch, and a stuck beginning says how the last epoch ended")
    func stragglers() {
        var probe = Probe(epoch: one, restored: sealed())
        #expect(probe.start().fetched == [.certificates(after: View(2), epoch: one)])
        _ = probe.wait()
        _ = probe.fire(.view(View(3)))
        let final = certificate(.finalize, 2, sealing.hash)
        #expect(probe.fire(.retry(View(3))).broadcasts.contains(.certificate(final)))
    }

    @Test("S-15: a straggler that is given the seal and its blocks catches up to the end of its epoch")
    func catchUp() {
        var probe = Probe(lastHeight: Height(2))
        let third = echo(3, of: sealing)
        let final = certificate(.finalize, 3, third.hash)
        _ = probe.hear(final)
        _ = probe.fire(.fetch)
        #expect(probe.hear(third).fetched.contains(.block(sealing.hash)))
        #expect(probe.hear(sealing).fetched.contains(.block(below.hash)))
        _ = probe.accept(below)
        let actions = probe.engine.receive(.validated(sealing.hash, .valid))
        #expect(actions.seals == [.init(blocks: [below, sealing], echoes: [third], finalization: final)])
    }

    @Test("S-14: a header with an echo in its justification is strict, and an echo that carries one is refused")
    func formats() throws {
        let third = echo(3, of: sealing)
        let header = opening(4, by: certificate(.finalize, 3, third.hash), echo: third.header)
        try expectStrict(EngineHeader.self, header.encoded)
        let nested = opening(4, by: certificate(.finalize, 3, third.hash), echo: header)
        #expect(throws: WireError.self) { try EngineHeader(decoding: nested.encoded) }
    }
}
