package import Primitives

/// What stands behind a rule about an action.
package enum Enforcement: Sendable {
    /// The network withholds keys or records a refusal: no honest quorum lets it pass.
    case enforced
    /// Honest programs obey and the person is told; a modified program, or a camera before the screen, is not stopped.
    case deterred

    /// The label that a page and a command line show.
    package var label: String {
        switch self {
        case .enforced: "enforced"
        case .deterred: "deterred, not prevented"
        }
    }
}

extension PolicyAction {
    /// RI-8: whether the network can prevent what a policy forbids.
    package var enforcement: Enforcement {
        switch self {
        case .play, .record, .revoke: .enforced
        case .store, .offline, .share, .copy, .forward, .capture: .deterred
        }
    }
}
