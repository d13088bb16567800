package import Ledger
package import Primitives

/// Why a recording, or a part of it, does not play.
package enum PlaybackError: Error, Equatable, Sendable {
    /// There is no such recording, or nothing of it was sealed and published.
    case notPublished
    /// The ledger refused the lease.
    case leaseRefused(TransactionResult)
    /// Fewer validators than needed released a share.
    case sharesMissing(SharesMissing)
    /// After a revocation the holders have not agreed on the new outer layer yet.
    case layerPending(RightsEpoch)
    /// A block could not be had from anywhere.
    case blockMissing
    /// What came is not what the ledger and the manifests say it must be.
    case mismatch
    /// The home node could not be asked, or what it said is not proven.
    case home
    /// The frames do not fit a WebM file.
    case file
}
