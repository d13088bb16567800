import Consensus
import Ledger
package import Primitives

/// What a node would do if it began to take part now: for whoever looks at a store while nobody runs on it.
package struct ChainProspect: Sendable {
    package let height: Height
    package let recordTime: Timestamp
    /// The view it would begin in.
    package let view: View
    /// Its key has a seat in the set of validators.
    package let isValidator: Bool
    /// It would sign nothing: its key signed what this store does not know.
    package let isMuted: Bool
}

extension ChainActor {
    /// Asks a copy of the engine how it would begin; nothing is written, signed or sent.
    package var prospect: ChainProspect {
        var beginner = engine
        _ = beginner.receive(.started)
        return ChainProspect(
            height: tip.record.height, recordTime: tip.record.time, view: beginner.view, isValidator: seat != nil,
            isMuted: beginner.isMuted)
    }
}
