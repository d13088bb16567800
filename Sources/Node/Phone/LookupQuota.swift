package import Primitives

/// Counts how many numbers each member has had evaluated today, at one validator.
///
/// One signed request goes to all validators and may come again; it counts once. The counts live in memory: a validator
/// that starts anew begins the day anew. With n validators of which t must answer, a member that asks each time another
/// t of them gets at most n/t times the quota.
package struct LookupQuota: Sendable, Equatable {
    package static let dayMilliseconds: UInt64 = 24 * 3_600_000

    /// Numbers for one member in one day.
    private let perDay: UInt64
    /// How long a request may be repeated, in milliseconds.
    private let memory: UInt64
    private let membersMax: Int
    private let requestsMax: Int
    private var day: UInt64 = 0
    private var used: [MemberID: UInt64] = [:]
    /// Requests that were counted, and when they may be forgotten.
    private var counted: [Digest: Timestamp] = [:]

    package init(
        perDay: UInt64, rememberingFor memory: UInt64, membersMax: Int = 65_536, requestsMax: Int = 65_536
    ) {
        self.perDay = perDay
        self.memory = memory
        self.membersMax = membersMax
        self.requestsMax = requestsMax
    }

    /// True when the member may have `count` more numbers evaluated; they are counted then. A request that was counted
    /// already may be answered again.
    ///
    /// When a table is full, a member or request that is not in it is refused: to forget would be to give quota away.
    package mutating func admit(_ member: MemberID, request: Digest, count: Int, now: Timestamp) -> Bool {
        let today = now.rawValue / Self.dayMilliseconds
        if today > day {
            day = today
            used = [:]
        }
        if let end = counted[request], end >= now { return true }
        if counted.count >= requestsMax { counted = counted.filter { $0.value >= now } }
        let before = used[member] ?? 0
        guard counted.count < requestsMax, used[member] != nil || used.count < membersMax,
            UInt64(count) <= perDay, before <= perDay - UInt64(count)
        else { return false }
        used[member] = before + UInt64(count)
        counted[request] = now.adding(milliseconds: memory)
        return true
    }
}
