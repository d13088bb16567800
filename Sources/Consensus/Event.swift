package import Primitives

extension Engine {
    /// What comes in. Everything a peer sent arrives verified; the shell may skip the check, and the event, for what
    /// `isNews` says is known.
    package enum Event: Sendable, Equatable {
        /// Once, before anything else: the restored state is in, the disk is open.
        case started
        /// A peer's vote.
        case vote(Verified<Vote>)
        /// The own vote that `.cast` asked for is signed and durable, and with it everything persisted before.
        case cast(Verified<Vote>)
        /// A certificate, from whomever.
        case certificate(Verified<Certificate>)
        /// A block, as a proposal or fetched.
        case block(Verified<Block>)
        /// The block that `.propose` asked for, executed on its parent and signed as a proposal.
        case built(Verified<Block>)
        /// The answer to `.validate`.
        case validated(Digest, Verdict)
        /// A timer that `.startTimer` started and nobody cancelled.
        case timerFired(Timer)
        /// What waits in the mempool has changed.
        case backlog(Backlog)
        /// A peer asks for certificates of views above `after`.
        case certificatesRequested(after: View, by: Seat)
    }

    /// What executing a block on its parent's overlay showed.
    package enum Verdict: Sendable, Equatable {
        /// The roots of its record are right.
        case valid
        /// As valid, but its time is too far from this validator's clock: followed when certified, not voted for.
        case untimely
        /// A validator that votes for it breaks the protocol.
        case invalid
    }

    /// What waits in the mempool. The shell sends a new one when an answer changes.
    package struct Backlog: Sendable, Equatable {
        /// Some transaction is not in a finalised block yet.
        package let hasUnfinalised: Bool
        /// Some transaction is in no block that this validator would build on. The engine forgets it when it proposes;
        /// what is left or has become free again afterwards is announced again.
        package let hasUnproposed: Bool

        package init(hasUnfinalised: Bool, hasUnproposed: Bool) {
            self.hasUnfinalised = hasUnfinalised
            self.hasUnproposed = hasUnproposed
        }

        package static let empty = Backlog(hasUnfinalised: false, hasUnproposed: false)
    }

    package enum Timer: Hashable, Sendable {
        /// The leader of this view should have proposed.
        case leader(View)
        /// This view should have ended.
        case view(View)
        /// Say everything about this view again.
        case retry(View)
        /// As leader of this view, do not wait for transactions any longer.
        case propose(View)
        /// The chain was idle in this view for a whole heartbeat.
        case heartbeat(View)
        /// Nobody answered the fetches that are out.
        case fetch
    }
}
