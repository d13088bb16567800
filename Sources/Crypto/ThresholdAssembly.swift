package import Primitives

/// Adds dealings up to one key that nobody dealt: a new key, or new shares of an old key.
///
/// The problem: a single dealer knows the key. The idea: sharing is linear. If every dealer deals a secret of its own,
/// the sums of what each member receives are shares of the sum of the secrets, which is known to nobody (joint Feldman,
/// Pedersen 1991). If every dealer deals its *share* of an old key, the sums weighted by Lagrange's coefficients are
/// shares of the same key, dealt to other members and with another threshold (Desmedt and Jajodia 1997).
///
/// Limits: a dealer that waits for the others can bias a few bits of a new key, which neither the blind evaluation nor
/// the wraps mind. Which dealings count must be agreed before, and complaints be settled; that is the ledger's part.
/// After a resharing the old shares must be destroyed: t of them still make the key.
package struct ThresholdAssembly: Sendable {
    /// One dealer's public part. Its shares went to the members sealed.
    package struct Dealing: Sendable {
        /// The dealer's index: among the dealers of a new key, or its own under the old one.
        package let dealer: Int
        package let keys: ThresholdPublicKeys

        package init(dealer: Int, keys: ThresholdPublicKeys) {
            self.dealer = dealer
            self.keys = keys
        }
    }

    /// What the members of the new sharing epoch share.
    package let publicKeys: ThresholdPublicKeys
    /// The dealings that were added up, ascending by dealer.
    let dealings: [Dealing]
    /// In the order of `dealings`.
    let weights: [RistrettoScalar]

    /// A new key, from at least a quorum of its members' dealings.
    /// - Throws: `RistrettoError.tooFewShares`, `.duplicateShare`; `.badDealing(dealer:)` for one that is not
    ///   consistent, or is of another purpose, sharing epoch or member count than the first.
    package init(newKey dealings: [Dealing]) throws(RistrettoError) {
        guard let first = dealings.first?.keys else { throw .tooFewShares(have: 0, need: 1) }
        try Self.check(dealings, like: first)
        guard dealings.count >= first.threshold else {
            throw .tooFewShares(have: dealings.count, need: first.threshold)
        }
        try self.init(dealings, weights: dealings.map { _ in RistrettoScalar(1) })
    }

    /// New shares of `old`, from the dealings of members that dealt their shares of it; the threshold's worth with the
    /// lowest indices is used, so that all members add up the same.
    /// - Throws: as above; `.badDealing(dealer:)` also for a dealer that dealt something else than its share.
    package init(resharing old: ThresholdPublicKeys, _ dealings: [Dealing]) throws(RistrettoError) {
        guard let first = dealings.first?.keys, dealings.count >= old.threshold else {
            throw .tooFewShares(have: dealings.count, need: old.threshold)
        }
        guard first.purpose == old.purpose else { throw .wrongPurpose }
        guard first.sharingEpoch > old.sharingEpoch else { throw .wrongSharingEpoch }
        try Self.check(dealings, like: first)
        for dealing in dealings where dealing.keys.publicKey != old.share(of: dealing.dealer) {
            throw .badDealing(dealer: dealing.dealer)
        }
        let used = Array(dealings.sorted { $0.dealer < $1.dealer }.prefix(old.threshold))
        try self.init(used, weights: ThresholdLagrange.weights(at: 0, indices: used.map(\.dealer)))
    }

    private init(_ dealings: [Dealing], weights: [RistrettoScalar]) throws(RistrettoError) {
        guard let first = dealings.first?.keys else { throw .tooFewShares(have: 0, need: 1) }
        let order = dealings.indices.sorted { dealings[$0].dealer < dealings[$1].dealer }
        self.dealings = order.map { dealings[$0] }
        self.weights = order.map { weights[$0] }
        let keys = self.dealings.map(\.keys)
        var shares: [GroupElement] = []
        for member in 0..<first.memberCount {
            shares.append(try GroupElement.combination(of: keys.map { $0.shares[member] }, weights: self.weights))
        }
        let publicKey = try GroupElement.combination(of: keys.map(\.publicKey), weights: self.weights)
        let sum = ThresholdPublicKeys(
            purpose: first.purpose, sharingEpoch: first.sharingEpoch, publicKey: publicKey, shares: shares)
        guard let sum else { throw .badMemberCount }
        publicKeys = sum
    }

    private static func check(_ dealings: [Dealing], like first: ThresholdPublicKeys) throws(RistrettoError) {
        var dealers: Set<Int> = []
        for dealing in dealings {
            guard dealers.insert(dealing.dealer).inserted else { throw .duplicateShare(index: dealing.dealer) }
            let keys = dealing.keys
            guard keys.purpose == first.purpose, keys.sharingEpoch == first.sharingEpoch,
                keys.memberCount == first.memberCount, keys.isConsistent
            else { throw .badDealing(dealer: dealing.dealer) }
        }
    }
}

/// A member's own sum: takes the share it received from each dealer, in any order, and gives its share of the whole.
package struct ThresholdShareAssembly: ~Copyable {
    private let assembly: ThresholdAssembly
    private let index: Int
    private var dealers: Set<Int> = []
    private var sum: LockedMemory?

    /// - Throws: `RistrettoError.unknownMember`.
    package init(_ assembly: ThresholdAssembly, index: Int) throws(RistrettoError) {
        guard assembly.publicKeys.share(of: index) != nil else { throw .unknownMember(index: index) }
        self.assembly = assembly
        self.index = index
        sum = nil
    }

    /// Adds a share that was opened, and so checked against its dealing. One of a dealing that is not used is dropped.
    /// - Throws: `RistrettoError.duplicateShare(index:)` with the dealer; `.badShare(index:)` with the dealer, for a
    ///   share of another dealing or member.
    package mutating func add(_ share: borrowing ThresholdShare, from dealer: Int) throws(RistrettoError) {
        guard let place = assembly.dealings.firstIndex(where: { $0.dealer == dealer }) else { return }
        guard !dealers.contains(dealer) else { throw .duplicateShare(index: dealer) }
        let keys = assembly.dealings[place].keys
        guard share.index == index, share.publicShare == keys.share(of: index), share.publicKey == keys.publicKey else {
            throw .badShare(index: dealer)
        }
        dealers.insert(dealer)
        sum = share.adding(to: sum.take(), times: assembly.weights[place])
    }

    /// The share of the whole.
    /// - Throws: `RistrettoError.tooFewShares` until every used dealing was added.
    package consuming func finish() throws(RistrettoError) -> ThresholdShare {
        let (have, need, keys, index) = (dealers.count, assembly.dealings.count, assembly.publicKeys, self.index)
        guard have == need, let sum = sum.take() else { throw .tooFewShares(have: have, need: need) }
        return try sum.withBytes { bytes throws(RistrettoError) in
            try ThresholdShare(copying: bytes, index: index, of: keys)
        }
    }
}
