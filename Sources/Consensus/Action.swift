package import Primitives
package import Wire

extension Engine {
    /// What must be done, in this order. The shell performs all actions of one `receive` before the next event.
    ///
    /// `persist` may be buffered: it must be durable when the next `.cast` is answered, and in the order given. A shell
    /// that cannot persist stops.
    package enum Action: Sendable, Equatable {
        /// Write this, to be given back in `Restored`; it may be deleted once its view is final.
        case persist(Durable)
        /// Sign this ballot, append the vote to the guard's log, sync, then send `.cast` with it. The vote must not
        /// leave before; the engine broadcasts it itself. Several casts of one list may share a sync.
        case cast(Ballot)
        /// Send to every other validator; losing it costs time only.
        case broadcast(Outgoing)
        /// Send to one validator.
        case send(Outgoing, to: Seat)
        /// Send the own pending transactions to all again.
        case resendTransactions
        case startTimer(Timer, after: Duration)
        case cancelTimer(Timer)
        /// Ask this peer; what it answers arrives as ordinary events.
        case fetch(CatchUpRequest, from: Seat)
        /// Execute this block on its parent, then send `.validated`. The parent is the head or was found valid.
        case validate(Digest, Check)
        /// Build, execute and sign a block, then send `.built`; later is allowed, too late is harmless.
        case propose(Order)
        /// These blocks are final, oldest first, the first on the head: flush them, with the finalization of the last.
        case commit([Block], finalization: Certificate)
        /// As `commit`, and the last of the blocks seals the validator epoch: nothing follows here (S-13).
        case seal(Seal)
        /// These blocks will never be final: forget their overlays and bodies.
        case drop([Digest])
        /// What an operator should know.
        case report(Notice)
    }

    /// The end of a validator epoch. The shell flushes all of it at once, forgets what it kept of this epoch's votes,
    /// certificates and bodies, and makes the engine of the next epoch, whose head this is.
    package struct Seal: Hashable, Sendable {
        /// Final, oldest first, the first on the head; the last one is the sealing block.
        package let blocks: [Block]
        /// What stood on the sealing block when it became final, up to the block that `finalization` is of; often none.
        /// They have no height, and are served to whoever asks for them.
        package let echoes: [Block]
        package let finalization: Certificate

        package init(blocks: [Block], echoes: [Block], finalization: Certificate) {
            self.blocks = blocks
            self.echoes = echoes
            self.finalization = finalization
        }
    }

    package enum Durable: Hashable, Sendable {
        case block(Block)
        case certificate(Certificate)
    }

    package enum Outgoing: Hashable, Sendable {
        case vote(Vote)
        case certificate(Certificate)
        case proposal(Block)
    }

    /// How a block is to be checked.
    package struct Check: Hashable, Sendable {
        package let parent: Digest
        /// Transactions in it make it invalid: too many blocks are waiting for finality.
        package let mustBeEmpty: Bool

        package init(parent: Digest, mustBeEmpty: Bool) {
            self.parent = parent
            self.mustBeEmpty = mustBeEmpty
        }
    }

    /// What a leader must build. The record and the body are the shell's.
    package struct Order: Hashable, Sendable {
        package let epoch: ValidatorEpoch
        package let view: View
        package let parent: BlockReference
        package let justification: Justification
        package let proposer: MemberID
        package let mustBeEmpty: Bool
        /// Above the sealing block: the block has this record, which is the sealing block's, and an empty body (S-13).
        package let echoes: CID?

        /// The header that carries `record` and a body with this hash.
        package func header(record: CID, body: Digest) -> EngineHeader {
            EngineHeader(
                epoch: epoch, view: view, parent: parent, justification: justification, proposer: proposer,
                record: record, body: body)
        }
    }

    package enum Notice: Sendable, Equatable {
        /// Entered this view; the certificate's kind tells how the one before ended.
        case entered(View, by: Ballot.Kind)
        /// A validator signed two ballots that no correct one signs together: evidence.
        case conflict(Vote, Vote)
        /// Two certificates contradict each other: more than a third of the validators lie. Signing stops.
        case contradiction(Certificate, Certificate)
        /// This validator's key signed what its guard does not know: a restored backup, or a second node with the same
        /// key. Signing stops.
        case guardBehind(Ballot)
        /// The leader's block failed.
        case invalidBlock(BlockReference)
        /// A finalised block failed: this node's software or store disagrees with the network. Signing stops.
        case invalidFinalised(BlockReference)
        /// The view did not end in time: who has not voted in it, as far as is known here.
        case stalled(View, missing: [Seat])
        /// A table is full, and something was left out of it.
        case full(Table)
    }

    package enum Table: Sendable, Equatable {
        case certificates
        case blocks
        case targets
    }
}
