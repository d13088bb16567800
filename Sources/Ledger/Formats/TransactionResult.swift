package import Primitives

/// What became of a transaction in its block. Stands as 16 bits in its log leaf, so that a failed transaction cannot
/// pass for a successful one.
package enum TransactionResult: Hashable, Sendable {
    /// It did what it says.
    case succeeded
    /// It changed nothing, for a reason of the ledger's own rules.
    case failed(TransactionFailure)
    /// It changed nothing: a policy says no. Code 0x0100 plus the reason.
    case refusedByPolicy(PolicyRefusal)
    /// It changed nothing: the bounds on leases say no. Code 0x0200 plus the reason.
    case leaseRefused(LeaseRefusal)

    package var code: UInt16 {
        switch self {
        case .succeeded: 0
        case .failed(let failure): failure.rawValue
        case .refusedByPolicy(let refusal): 0x0100 + UInt16(refusal.rawValue)
        case .leaseRefused(let refusal): 0x0200 + UInt16(refusal.rawValue)
        }
    }

    /// Nil for a code without a meaning.
    package init?(code: UInt16) {
        let low = UInt8(truncatingIfNeeded: code)
        switch code >> 8 {
        case 0 where code == 0: self = .succeeded
        case 0:
            guard let failure = TransactionFailure(rawValue: code) else { return nil }
            self = .failed(failure)
        case 1:
            guard let refusal = PolicyRefusal(rawValue: low) else { return nil }
            self = .refusedByPolicy(refusal)
        case 2:
            guard let refusal = LeaseRefusal(rawValue: low) else { return nil }
            self = .leaseRefused(refusal)
        default: return nil
        }
    }
}

/// Why a transaction changed nothing. The numbers are recorded for ever; new reasons get new numbers below 0x0100.
package enum TransactionFailure: UInt16, CaseIterable, Error, Sendable {
    /// `from` names no member.
    case unknownSender = 1
    /// Signed by another key than the sender's current one.
    case wrongKey = 2
    /// The sender is suspended or removed.
    case senderNotActive = 3
    /// The sender lacks the role that the operation demands.
    case roleMissing = 4
    /// `after` names a transaction that did not succeed, or that is too old to be remembered.
    case predecessorMissing = 5

    /// Fewer registrars agree than the network demands, or one of the signers is none.
    case approvalsMissing = 10
    /// The member exists, or existed and was removed.
    case memberExists = 11
    /// The operation names a member that does not exist or was removed.
    case memberUnknown = 12
    /// A signing key belongs to another member, or did.
    case keyInUse = 13
    /// Suspending who is suspended, or lifting where nothing is to lift.
    case noChange = 14
    /// A validator leaves only by vote; so does the last registrar that the threshold needs.
    case memberNeeded = 15

    /// Fewer validators attest than the network demands, or one of the signers is none.
    case attestationsMissing = 20
    /// The attestation's expiry has passed, lies too far ahead, or is not later than the one on the ledger.
    case expiryOutOfRange = 21
    /// The commitment to be released is not on the ledger.
    case commitmentUnknown = 22

    /// The proposed change is none, a joining member lacks the role or is to leave for having signed twice, or the set
    /// would become too small or too large.
    case changeNotPossible = 30
    /// As many proposals are open as may be.
    case tooManyProposals = 31
    /// There is no such open proposal.
    case proposalUnknown = 32
    /// This validator has voted for it.
    case alreadyVoted = 33
    /// A joining member's word names another key than its own, or no record that became final lately.
    case joinNotProven = 34
    /// More members of the set would leave in this validator epoch than may fail at once.
    case tooManyLeave = 35
    /// The limits that would come of it do not fit each other, or what devices rely on.
    case limitOutOfRange = 36
    /// No validator signs with this key in that validator epoch, or that epoch is too long ago or not begun.
    case evidenceUnfounded = 37
    /// That this member signed twice in this validator epoch is recorded.
    case evidenceKnown = 38

    /// The interval has a commitment of this node already, has not ended, or ended three intervals ago or earlier
    /// (LG-60).
    case intervalNotOpen = 40
    /// The call's id is taken.
    case callExists = 41
    /// There is no such call.
    case callUnknown = 42
    /// The call has ended.
    case callEnded = 43
    /// The per-call key is registered, for this call or another.
    case callKeyInUse = 44
    /// The roster hash is not that of the registered keys.
    case rosterMismatch = 45
    /// The roster is full, or changed as often as it may.
    case rosterFull = 46
    /// The home node has no seat in the call.
    case notInCall = 47
    /// The stated minute lies after the record's, or more than ten before.
    case minuteOutOfRange = 48
    /// The count of leaves is none of the network's size classes.
    case sizeNotAllowed = 49

    /// The per-call key is registered nowhere.
    case callKeyUnknown = 50
    /// There is no such recording, or the per-call key belongs to another.
    case recordingUnknown = 51
    /// There is no consent to withdraw.
    case consentMissing = 52
    /// This consent stands already.
    case consentExists = 53
    /// Consent was changed as often as it may be.
    case tooManyConsents = 54
    /// This sender has sealed.
    case alreadySealed = 55
    /// Consent covers none of the groups.
    case notCovered = 56
    /// Another rights holder than the call was opened with.
    case ownerMismatch = 57
    /// Other holders than in an earlier seal, none, or one that is no active node.
    case holdersMismatch = 58
    /// What this is about, or would add to, is erased.
    case erased = 59

    /// Only the rights holder may.
    case notOwner = 60
    /// Nothing of the recording is sealed.
    case notSealed = 61
    /// The recording is published.
    case alreadyPublished = 62
    /// The recording is not published.
    case notPublished = 63
    /// Another rights epoch than the current one.
    case epochMismatch = 64
    /// The viewer holds an active grant.
    case alreadyGranted = 65
    /// The viewer holds no active grant.
    case grantMissing = 66
    /// Only an assigned holder may.
    case notHolder = 67
    /// This holder has posted this root, or the epoch's root is agreed.
    case alreadyRotated = 68
    /// No track with live consent has this group.
    case groupUnavailable = 69
    /// As many other members hold leases as can be counted; they run out within two minutes.
    case tooManyViewers = 70
}
