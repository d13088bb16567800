package import Crypto
import Primitives

/// A validator's shares of the three threshold keys; each nil where the node holds none. A class, so that several
/// services may hold what cannot be copied.
package final class NodeShares: Sendable {
    package let phone: ThresholdShare?
    package let outer: ThresholdShare?
    package let wraps: ThresholdShare?

    package init(
        phone: consuming ThresholdShare? = nil, outer: consuming ThresholdShare? = nil,
        wraps: consuming ThresholdShare? = nil
    ) {
        self.phone = phone
        self.outer = outer
        self.wraps = wraps
    }
}
