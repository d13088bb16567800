package import Primitives
import Wire

/// What the engine waits for, for an operator who asks why nothing becomes final. Decides nothing.
extension Engine {
    /// What would carry the chain on, and who has not given its part.
    package struct Awaited: Sendable, Equatable {
        package enum Step: Sendable, Equatable {
            /// The leader's block.
            case proposal
            /// A quorum's notarize votes for one block.
            case notarize
            /// A quorum's nullify votes.
            case nullify
            /// A quorum's finalize votes for a block that is notarized.
            case finalize
            /// The bytes of a block that is final.
            case block
        }

        package let step: Step
        /// The view that the step belongs to.
        package let view: View
        package let leader: Seat
        /// Who has voted so, as far as is known here; ascending.
        package let voters: [Seat]
        /// Whose vote is not known here; ascending. For a proposal the leader, for a block nobody.
        package let missing: [Seat]
        package let quorum: Int
        /// Views entered since the last finalised block.
        package let viewsSince: UInt64
    }

    /// What is awaited now. Of two ways on, the one that is nearer to its quorum.
    package var awaited: Awaited {
        if let target = blocks.targets.last, target.view > head.block.view {
            return awaiting(.block, in: target.view, voters: target.signers.seats, missing: [])
        }
        let notarizers = tracker.voters(.notarize, in: view)
        let nullifiers = tracker.voters(.nullify, in: view)
        let notarized = tracker.notarized.view
        if notarized > head.block.view, notarized.next == view, notarizers.isEmpty, nullifiers.isEmpty {
            return awaiting(.finalize, in: notarized, voters: tracker.voters(.finalize, in: notarized))
        }
        if nullifiers.count > notarizers.count { return awaiting(.nullify, in: view, voters: nullifiers) }
        guard machine.hasProposal || !notarizers.isEmpty else {
            return awaiting(.proposal, in: view, voters: [], missing: [leader])
        }
        return awaiting(.notarize, in: view, voters: notarizers)
    }

    /// The newest view of which a vote of each seat is known, in the order of seats.
    package var lastVoted: [View] { (0..<validators.count).map { tracker.lastHeard(of: Seat($0)) } }

    /// Seats of which nothing was seen in the last 2n views, ascending.
    package var silent: [Seat] { (0..<validators.count).map { Seat($0) }.filter { tracker.isSilent($0, in: view) } }

    private func awaiting(
        _ step: Awaited.Step, in awaitedView: View, voters: [Seat], missing: [Seat]? = nil
    ) -> Awaited {
        let others = (0..<validators.count).map { Seat($0) }.filter { !voters.contains($0) }
        return Awaited(
            step: step, view: awaitedView, leader: validators.leader(of: awaitedView), voters: voters,
            missing: missing ?? others, quorum: validators.quorum,
            viewsSince: view.rawValue - min(view.rawValue, head.block.view.rawValue))
    }
}
