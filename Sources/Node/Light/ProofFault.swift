package import Primitives

/// Why a claim about the ledger does not hold, or cannot be judged yet.
package enum ProofFault: Error, Hashable, Sendable {
    /// The bytes are not an object of the kind that they should be.
    case malformed
    /// The genesis document does not hold: a registration is not signed by its key.
    case badGenesis
    /// Of another network.
    case otherChain
    /// The record is of another height than asked for, or of height 0, which nobody signs.
    case wrongHeight
    /// No handover has led to this validator epoch, or it is too long ago to be remembered.
    case unknownEpoch(ValidatorEpoch)
    /// The record names another validator set than the one known for its validator epoch.
    case wrongSet
    /// The finality proof is not a quorum's, or proves another record.
    case notFinal
    /// A handover's record is not the last of its validator epoch, or does not follow the sets known so far.
    case notSealing
    /// A handover brings another set than its record names.
    case otherList
    /// A recovery document is about another record, or too few operators signed it.
    case badRecovery
    /// Operators began a validator epoch below a record that was seen final: they gave up what came after it.
    case recoveredBelow(Height)
    /// The leaf is not in the log.
    case notInLog
    /// The envelope is not the one in the leaf, or does not hold by itself.
    case otherEnvelope
    /// The state proof has a malformed shape, or leads to another root.
    case badStateProof
    /// The state proof proves something else than is claimed.
    case otherValue
    /// The newer log does not begin with the older one.
    case logNotExtended
    /// A checkpoint or a head is older than the trust period allows.
    case tooOld
    /// Two final records of one height were found: nothing is taken any more.
    case forked
}
