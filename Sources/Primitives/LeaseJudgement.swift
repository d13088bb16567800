/// The answer to a lease request when policies and bounds are both asked.
package enum LeaseJudgement: Equatable, Sendable {
    /// The viewer's history as it then stands.
    case allowed(LeaseHistory)
    /// A policy says no: the rights holder's, or a sender's.
    case refusedByPolicy(PolicyRefusal)
    /// The policies would allow it; the bounds on leases do not.
    case refusedByBounds(LeaseRefusal)
}

extension PolicyJudging {
    /// Judges a lease by the rights holder's policy, by the consent policy of every included sender, and by the bounds.
    ///
    /// `policies` holds the rights holder's first, then the senders'. `othersActive` counts the other members with an
    /// unexpired lease of this recording. Clauses RI-10 and RI-20 of the Rights module's `Rules.md`.
    package func judgeLease(
        policies: [[UInt8]], viewer: MemberID, hasGrant: Bool, request: LeaseRequest, history: LeaseHistory,
        now: Timestamp, othersActive: UInt64, limits: LeaseLimits
    ) -> LeaseJudgement {
        let question = PolicyRequest(
            action: .play, assignee: viewer, hasGrant: hasGrant, now: now,
            usesSoFar: history.usesSoFar(at: now, limits: limits), secondsSoFar: history.secondsSoFar,
            secondsAsked: LeaseLimits.groupMilliseconds / 1_000, othersActive: othersActive)
        if case .refused(let reason) = judge(policies, question) { return .refusedByPolicy(reason) }
        switch history.judge(request, now: now, limits: limits) {
        case .allowed(let next): return .allowed(next)
        case .refused(let reason): return .refusedByBounds(reason)
        }
    }
}
