/// A request to open one group of a recording, for all tracks whose senders consented.
package struct LeaseRequest: Equatable, Sendable {
    package let group: GroupIndex
    /// When the lease ends by itself, in record time.
    package let notAfter: Timestamp

    package init(group: GroupIndex, notAfter: Timestamp) {
        self.group = group
        self.notAfter = notAfter
    }
}

/// Why a lease is not given. The raw value is recorded on the ledger; new cases get new numbers.
package enum LeaseRefusal: UInt8, CaseIterable, Error, Sendable {
    /// `notAfter` is not later than the record.
    case alreadyExpired = 1
    /// `notAfter` lies further ahead than `LeaseLimits.lifetimeMillisecondsMax`.
    case livesTooLong = 2
    /// The next group is asked for before the spacing since the last lease has passed.
    case tooSoon = 3
    /// The seeks of this window are used up.
    case tooManySeeks = 4
}

/// The answer to a lease request: the history as it then stands, or why not.
package enum LeaseVerdict: Equatable, Sendable {
    case allowed(LeaseHistory)
    case refused(LeaseRefusal)
}

/// What one viewer opened of one recording: all the state that the bounds on leases need, of fixed size.
///
/// The problem: at the moment of revocation a viewer may have little open, yet an honest player must never stall and
/// may jump about. The idea: one group plays while the next is prefetched shortly before it is needed, so a next group
/// waits for its spacing; a jump closes what was open and is counted. Open is therefore, at any time, at most two
/// groups of 60 s: 120 s. Clauses `RI-20` and up of the Rights module's `Rules.md`.
package struct LeaseHistory: Equatable, Sendable {
    /// A lease that was given.
    package struct Lease: Equatable, Sendable {
        package let group: GroupIndex
        /// The time of the record that gave it.
        package let start: Timestamp
        package let notAfter: Timestamp

        package init(group: GroupIndex, start: Timestamp, notAfter: Timestamp) {
            self.group = group
            self.start = start
            self.notAfter = notAfter
        }

        /// A lease is open until its `notAfter`, that moment excluded.
        package func isOpen(at now: Timestamp) -> Bool { now < notAfter }
    }

    /// The lease given last, open or not.
    package let last: Lease?
    /// The one before it, when nothing closed it early.
    package let previous: Lease?
    /// How many leases were given, ever.
    package let leaseCount: UInt64
    /// How many times the viewer came to watch: see `LeaseLimits.viewingGapMilliseconds`.
    package let viewings: UInt64
    /// When the current window of seeks began.
    package let seekWindowStart: Timestamp
    /// Seeks in the current window.
    package let seeks: UInt64

    /// The history of a viewer who opened nothing yet.
    package static let empty = LeaseHistory(
        last: nil, previous: nil, leaseCount: 0, viewings: 0, seekWindowStart: .zero, seeks: 0)

    package init(
        last: Lease?, previous: Lease?, leaseCount: UInt64, viewings: UInt64, seekWindowStart: Timestamp, seeks: UInt64
    ) {
        self.last = last
        self.previous = previous
        self.leaseCount = leaseCount
        self.viewings = viewings
        self.seekWindowStart = seekWindowStart
        self.seeks = seeks
    }

    /// Judges `request` in a record of time `now`.
    package func judge(_ request: LeaseRequest, now: Timestamp, limits: LeaseLimits) -> LeaseVerdict {
        guard request.notAfter > now else { return .refused(.alreadyExpired) }  // RI-21
        guard request.notAfter.milliseconds(since: now) <= limits.lifetimeMillisecondsMax else {  // RI-22
            return .refused(.livesTooLong)
        }
        let lease = Lease(group: request.group, start: now, notAfter: request.notAfter)
        guard let last else { return .allowed(first(lease)) }  // RI-23
        if request.group == last.group.next, request.group != last.group {  // RI-24
            guard now >= last.start.adding(milliseconds: limits.spacingMilliseconds) else { return .refused(.tooSoon) }
            return .allowed(adding(lease, keeping: last, seeks: (seekWindowStart, seeks), limits))
        }
        let windowIsOver = now.milliseconds(since: seekWindowStart) >= limits.seekWindowMilliseconds
        let window = windowIsOver ? (start: now, count: 0) : (start: seekWindowStart, count: seeks)
        guard window.count < limits.seeksMax else { return .refused(.tooManySeeks) }  // RI-26
        return .allowed(adding(lease, keeping: nil, seeks: (window.start, window.count + 1), limits))  // RI-25
    }

    /// The leases under which shares may be released at `now`, newest first: at most two.
    package func openLeases(at now: Timestamp) -> [Lease] {
        [last, previous].compactMap { $0 }.filter { $0.isOpen(at: now) }
    }

    /// Whether shares for `group` may be released at `now`.
    package func isOpen(_ group: GroupIndex, at now: Timestamp) -> Bool {
        openLeases(at: now).contains { $0.group == group }
    }

    /// Whether a lease at `now` would begin a new viewing rather than go on with one.
    package func beginsViewing(at now: Timestamp, limits: LeaseLimits) -> Bool {
        guard let last else { return true }
        return now.milliseconds(since: last.start) >= limits.viewingGapMilliseconds
    }

    /// Uses to hold against a policy's count at `now`: the viewings before this one.
    package func usesSoFar(at now: Timestamp, limits: LeaseLimits) -> UInt64 {
        beginsViewing(at: now, limits: limits) ? viewings : viewings - min(viewings, 1)
    }

    /// Seconds of media leased so far, to hold against a policy's limit.
    package var secondsSoFar: UInt64 {
        let (seconds, overflow) = leaseCount.multipliedReportingOverflow(by: LeaseLimits.groupMilliseconds / 1_000)
        return overflow ? .max : seconds
    }

    /// The history after a revocation: the same counts, nothing open.
    package var closed: LeaseHistory {
        let ended = last.map { Lease(group: $0.group, start: $0.start, notAfter: $0.start) }
        return LeaseHistory(
            last: ended, previous: nil, leaseCount: leaseCount, viewings: viewings, seekWindowStart: seekWindowStart,
            seeks: seeks)
    }

    private func first(_ lease: Lease) -> LeaseHistory {
        LeaseHistory(
            last: lease, previous: nil, leaseCount: 1, viewings: 1, seekWindowStart: lease.start, seeks: 0)
    }

    private func adding(
        _ lease: Lease, keeping kept: Lease?, seeks: (start: Timestamp, count: UInt64), _ limits: LeaseLimits
    ) -> LeaseHistory {
        let isNew = beginsViewing(at: lease.start, limits: limits)
        return LeaseHistory(
            last: lease, previous: kept, leaseCount: leaseCount + 1, viewings: isNew ? viewings + 1 : viewings,
            seekWindowStart: seeks.start, seeks: seeks.count)
    }
}
