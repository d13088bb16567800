/// What a threshold key is for. Each purpose has a key of its own and its own form of request.
package enum ThresholdPurpose: UInt8, CaseIterable, Sendable {
    /// Blinded phone numbers: the validators do not see what they evaluate.
    case phone = 1
    /// Outer keys of recordings: the validators compute what they evaluate themselves.
    case outer = 2
    /// Lease-group keys wrapped to the public key.
    case wraps = 3
}

/// The public half of one dealing of one threshold key: what genesis and the ledger hold.
///
/// Member `index` counts from 1; its public share is `shares[index - 1]`. Any `threshold` of the members together can
/// use the key, fewer cannot, and the threshold is the quorum of the member count, so it is not chosen but computed.
package struct ThresholdPublicKeys: Hashable, Sendable {
    /// The largest number of members that may share one key.
    package static let memberCountMax = 128

    package let purpose: ThresholdPurpose
    /// The dealing. Shares of two sharing epochs do not combine.
    package let sharingEpoch: SharingEpoch
    /// The key itself: stays when shares are dealt anew.
    package let publicKey: GroupElement
    /// x_i·G of each member, in the order of their indices.
    package let shares: [GroupElement]

    /// Nil when there is no member, or more than `memberCountMax`.
    package init?(
        purpose: ThresholdPurpose, sharingEpoch: SharingEpoch, publicKey: GroupElement, shares: [GroupElement]
    ) {
        guard (1...Self.memberCountMax).contains(shares.count) else { return nil }
        self.purpose = purpose
        self.sharingEpoch = sharingEpoch
        self.publicKey = publicKey
        self.shares = shares
    }

    package var memberCount: Int { shares.count }
    /// How many members it takes: floor(2n/3) + 1; 1 of 1, which protects nothing.
    package var threshold: Int { Quorum.size(of: shares.count) }

    /// The public share of member `index`, nil when there is no such member.
    package func share(of index: Int) -> GroupElement? {
        shares.indices.contains(index - 1) ? shares[index - 1] : nil
    }
}
