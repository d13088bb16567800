/// What a policy may permit or forbid. The raw value stands in policies and requests; new cases get new numbers.
package enum PolicyAction: UInt8, CaseIterable, Sendable {
    /// To see and hear a recording while a lease lasts.
    case play = 1
    /// To record a call.
    case record = 2
    /// To keep the sealed bytes of a recording.
    case store = 3
    /// To play without asking the ledger first.
    case offline = 4
    /// To show a recording on a shared screen.
    case share = 5
    /// To make a copy in the clear.
    case copy = 6
    /// To hand the recording on to another member.
    case forward = 7
    /// To capture what the screen shows.
    case capture = 8
    /// To end the rights of others: the rights holder always may, a policy can name further members.
    case revoke = 9
}

/// One question to a policy: may this member do this, at this record time, after what was done before?
package struct PolicyRequest: Equatable, Sendable {
    package let action: PolicyAction
    /// Who asks.
    package let assignee: MemberID
    /// Whether an active grant of the rights holder for `assignee` stands in the state.
    package let hasGrant: Bool
    /// The time of the record that decides, never a node's own clock.
    package let now: Timestamp
    /// How often `assignee` did this before: for playing, `LeaseHistory.viewings`, less one while a viewing goes on.
    package let usesSoFar: UInt64
    /// Seconds of the recording leased to `assignee` so far.
    package let secondsSoFar: UInt64
    /// Seconds that this request would add.
    package let secondsAsked: UInt64
    /// How many other members hold an unexpired lease of the same recording.
    package let othersActive: UInt64

    package init(
        action: PolicyAction, assignee: MemberID, hasGrant: Bool, now: Timestamp, usesSoFar: UInt64 = 0,
        secondsSoFar: UInt64 = 0, secondsAsked: UInt64 = 0, othersActive: UInt64 = 0
    ) {
        self.action = action
        self.assignee = assignee
        self.hasGrant = hasGrant
        self.now = now
        self.usesSoFar = usesSoFar
        self.secondsSoFar = secondsSoFar
        self.secondsAsked = secondsAsked
        self.othersActive = othersActive
    }
}

/// Why a policy says no. The raw value is recorded on the ledger; new cases get new numbers.
package enum PolicyRefusal: UInt8, CaseIterable, Error, Sendable {
    /// The policy's bytes are no policy.
    case unreadable = 1
    /// The policy names an action, an assignee or a constraint that this version does not know.
    case unsupported = 2
    /// A prohibition covers the request.
    case prohibited = 3
    /// No permission covers the request.
    case notPermitted = 4
    /// A permission would cover it, had the member an active grant.
    case notGranted = 5
    /// The policy as a whole has run out.
    case expired = 6
    /// The permission begins later.
    case tooEarly = 7
    /// The permission has ended.
    case tooLate = 8
    /// The permitted number of uses is used up.
    case countExhausted = 9
    /// The permitted playing time is used up.
    case timeExhausted = 10
    /// As many members as permitted are at it now.
    case tooManyActive = 11
}

/// A policy's answer.
package enum PolicyVerdict: Equatable, Sendable {
    case allowed
    case refused(PolicyRefusal)
}

/// The one judge of policies, lent to a core that must not know how policies are written.
///
/// A judge is a pure function of its arguments: every validator must come to the same verdict.
package protocol PolicyJudging: Sendable {
    /// Judges one request by one policy, given as the dag-cbor bytes that its CID names.
    func judge(_ policy: [UInt8], _ request: PolicyRequest) -> PolicyVerdict

    /// Why these bytes cannot be judged by at all; nil when they can. For the moment a policy is published.
    func refusal(of policy: [UInt8]) -> PolicyRefusal?
}

extension PolicyJudging {
    /// Judges by the rights holder's policy and by the consent policy of every sender whose tracks are asked for.
    /// All must allow; the first refusal, in the order given, is the answer. No policy at all allows nothing.
    package func judge(_ policies: [[UInt8]], _ request: PolicyRequest) -> PolicyVerdict {
        if policies.isEmpty { return .refused(.notPermitted) }
        for policy in policies {
            let verdict = judge(policy, request)
            if verdict != .allowed { return verdict }
        }
        return .allowed
    }
}
