package import Consensus
package import Primitives

/// What must never happen.
package enum Violation: Error, Sendable, Equatable {
    /// Two correct validators finalised different blocks at one height.
    case disagreement(Height)
    /// A correct validator finalised or notarized a block in another validator epoch than its height has.
    case wrongEpoch(View)
    /// A finalised block does not stand on the one before, or its justification is short.
    case brokenGrowth(View)
    /// A correct validator finalised or notarized a block that is invalid.
    case invalidBlock(View)
    /// A correct validator notarized a block of somebody else than the view's leader.
    case foreignLeader(View)
    /// A finalised block holds a transaction that was never brought in.
    case inventedTransaction(View)
    /// A transaction became final twice.
    case repeatedTransaction(View)
    /// Too few correct validators hold a finalised body durably.
    case lostBody(View)
    /// A correct validator, by its number, came back without what it had finalised.
    case lostCommit(Seat, Height)
    /// Two correct validators have different states at one height.
    case differentState(Height)
    /// Two correct validators would export different bytes up to one height.
    case differentExport(Height)
    /// A correct validator, by its seat, signed two ballots that exclude each other.
    case selfConflict(Seat, View)
    /// A correct validator passed on a certificate without a quorum of genuine signatures, or finalised by one.
    case forgedCertificate(View)
    /// One view has both a finalization and a nullification.
    case finalisedAndNullified(View)
    /// A correct validator, by its seat, was accused.
    case falseAccusation(Seat)
    /// A correct validator, by its number, stopped signing.
    case muted(Seat)
    /// A correct validator, by its number, went on with a store that was changed behind its back.
    case ignoredDamage(Seat)
    /// A table of a validator, by its number, outgrew its limit.
    case overflow(Seat)
    /// After a quorum was healed, not everything became final in time.
    case noProgress(finalised: Int, expected: Int)
}
