package import Crypto
import Ledger
package import Primitives

/// Where a holder gets outer keys from: the validators, by a threshold evaluation that it asks for in its own name.
package protocol OuterKeySource: Sendable {
    /// O_e of a recording that this node holds.
    /// - Throws: `OuterKeyError`.
    func outerKey(of recording: RecordingID, epoch: RightsEpoch) async throws(OuterKeyError) -> SecretKey
}

/// Why there is no outer key.
package enum OuterKeyError: Error, Hashable, Sendable {
    /// This node holds no share and nobody gives one: not an assigned holder, or another epoch.
    case refused
    /// Fewer validators than needed answered with a good share.
    case tooFewShares
}

/// Outer keys from the validators, for a node that holds recordings.
package struct NodeOuterKeys: OuterKeySource {
    private let node: NodeRuntime

    package init(node: NodeRuntime) { self.node = node }

    package func outerKey(of recording: RecordingID, epoch: RightsEpoch) async throws(OuterKeyError) -> SecretKey {
        let name = ThresholdOuterKey(chain: node.rules.chain, recording: recording, rightsEpoch: epoch)
        do throws(SharesMissing) {
            return name.key(from: try await node.outerKey(of: recording, epoch: epoch))
        } catch {
            throw .tooFewShares
        }
    }
}
