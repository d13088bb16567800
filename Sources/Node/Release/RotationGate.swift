package import ContentStore
package import Primitives
import Synchronization

/// Which outer blocks a holder may still hand out: those of no rights epoch below the one that it knows of.
///
/// It is raised on the chain's thread the moment a revocation is final, before anything else happens; whoever serves
/// blocks asks here first.
package final class RotationGate: Sendable {
    private let epochs = Mutex<[RecordingID: RightsEpoch]>([:])

    package init() {}

    /// Whether a block with this tag may be served now.
    package func mayServe(_ tag: BlockTag) -> Bool {
        guard tag.role.isOuter else { return true }
        return epochs.withLock { tag.epoch >= $0[tag.recording] ?? .zero }
    }

    /// The lowest rights epoch that is served; nil for a recording that nothing is known of.
    package func epoch(of recording: RecordingID) -> RightsEpoch? { epochs.withLock { $0[recording] } }

    /// True when the epoch rose.
    package func raise(_ recording: RecordingID, to epoch: RightsEpoch) -> Bool {
        epochs.withLock { epochs in
            guard epoch > epochs[recording] ?? .zero else { return false }
            epochs[recording] = epoch
            return true
        }
    }
}
