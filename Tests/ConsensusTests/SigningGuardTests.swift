import Consensus
import Primitives
import Simulation
import Testing
import Wire

@Suite("The signer's guard")
struct SigningGuardTests {
    private func ballot(_ kind: Ballot.Kind, _ view: UInt64, _ hash: UInt64 = 0, epoch: UInt64 = 0) -> Ballot {
        Ballot(
            kind: kind, epoch: ValidatorEpoch(epoch), view: View(view),
            hash: Digest(raw: Bytes32(words: (hash, 0, 0, 7))))
    }

    private func promise(_ ballot: Ballot) -> SigningGuard.Promise {
        SigningGuard.Promise(ballot: ballot, signature: SimulatedSigner.sign(ballot, as: Seat(0)))
    }

    private func memory(_ ballots: [Ballot]) -> SigningGuard {
        var memory = SigningGuard()
        for ballot in ballots { memory.keep(promise(ballot)) }
        return memory
    }

    @Test("SG-1: the same vote is the same bytes, also below the watermark")
    func again() {
        let votes = [ballot(.notarize, 4, 1), ballot(.finalize, 4, 1), ballot(.notarize, 5, 2)]
        let memory = memory(votes)
        for vote in votes { #expect(memory.decide(vote) == .again(promise(vote).signature)) }
    }

    @Test("SG-2: what lies below the watermark and is not remembered is refused, also in an older validator epoch")
    func behind() {
        let memory = memory([ballot(.nullify, 9, epoch: 0), ballot(.notarize, 7, 1, epoch: 1)])
        let place = SigningGuard.Place(epoch: ValidatorEpoch(1), view: View(7))
        #expect(memory.watermark == place)
        let older = [
            ballot(.notarize, 6, 1, epoch: 1), ballot(.nullify, 6, epoch: 1), ballot(.finalize, 12, 1, epoch: 0),
        ]
        for vote in older { #expect(memory.decide(vote) == .refuse(.behind(place))) }
        #expect(memory.decide(ballot(.notarize, 8, 1, epoch: 1)) == .sign)
        #expect(memory.decide(ballot(.nullify, 1, epoch: 2)) == .sign)
    }

    @Test("SG-3: in one view every pair of votes is judged as S-12 says, in either order")
    func pairs() {
        let kinds: [Ballot] = [
            ballot(.notarize, 3, 1), ballot(.notarize, 3, 2), ballot(.finalize, 3, 1), ballot(.finalize, 3, 2),
            ballot(.nullify, 3),
        ]
        for first in kinds {
            let memory = memory([first])
            for second in kinds where second != first {
                let expected: SigningGuard.Decision =
                    first.conflicts(with: second) ? .refuse(.contradicts(first)) : .sign
                #expect(memory.decide(second) == expected)
            }
        }
        let both = memory([ballot(.notarize, 3, 1), ballot(.nullify, 3)])
        #expect(both.decide(ballot(.finalize, 3, 1)) == .refuse(.contradicts(ballot(.nullify, 3))))
        #expect(both.decide(ballot(.notarize, 0)) == .refuse(.malformed))
    }

    @Test("SG-4: a promise below the watermark changes nothing; one above raises it; the table keeps its bound")
    func taking() {
        var memory = memory([ballot(.notarize, 5, 1)])
        let before = memory
        for old in [ballot(.finalize, 4, 2), ballot(.notarize, 5, 1), ballot(.notarize, 0, 1)] {
            let isNew = memory.keep(promise(old))
            #expect(!isNew)
        }
        #expect(memory == before)
        for view in 6...400 {
            let isNew = memory.keep(promise(ballot(.nullify, UInt64(view))))
            #expect(isNew)
            #expect(memory.promises.count <= SigningGuard.promisesMax)
        }
        #expect(memory.watermark?.view == View(400))
        #expect(
            memory.decide(ballot(.notarize, 5, 1))
                == .refuse(.behind(SigningGuard.Place(epoch: .zero, view: View(400)))))
    }

    @Test("SG-4: the store's memory and the signer's are one memory")
    func joined() {
        let kept = vote(.nullify, 3, by: 0)
        let store = Guard(votes: [kept], of: Seat(0), epoch: .zero)
        let promises = [promise(kept.ballot), promise(ballot(.notarize, 8, 1)), promise(ballot(.nullify, 9, epoch: 4))]
        let joined = store.joined(with: promises, of: Seat(0), epoch: .zero)
        #expect(joined.votes.map(\.ballot) == [kept.ballot, ballot(.notarize, 8, 1)])
        #expect(joined.watermark == View(8))
    }

    @Test("A ballot is read from exactly the bytes that are signed")
    func bodies() {
        for vote in [ballot(.notarize, 1 << 40, 5, epoch: 3), ballot(.nullify, 2), ballot(.finalize, 3, 4)] {
            #expect(Ballot(vote.kind, body: vote.body) == vote)
            for count in 0..<vote.body.count {
                #expect(Ballot(vote.kind, body: Array(vote.body.prefix(count))) == nil)
            }
            #expect(Ballot(vote.kind, body: vote.body + [0]) == nil)
        }
        #expect(Ballot(.nullify, body: ballot(.notarize, 2, 1).body) == nil)
    }
}
