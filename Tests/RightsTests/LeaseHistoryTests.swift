import Primitives
import Rights
import Testing
import Wire

@Suite struct LeaseHistoryTests {
    private let limits = LeaseLimits.standard

    private func ask(_ history: LeaseHistory, _ group: UInt64, at now: UInt64, lifetime: UInt64 = 100_000)
        -> LeaseVerdict
    {
        history.judge(
            LeaseRequest(group: GroupIndex(group), notAfter: Timestamp(now + lifetime)), now: Timestamp(now),
            limits: limits)
    }

    /// The history after a lease that must be given.
    private func given(
        _ history: LeaseHistory, _ group: UInt64, at now: UInt64, lifetime: UInt64 = 100_000
    ) throws -> LeaseHistory {
        guard case .allowed(let next) = ask(history, group, at: now, lifetime: lifetime) else {
            Issue.record("group \(group) at \(now) is refused: \(ask(history, group, at: now, lifetime: lifetime))")
            return history
        }
        return next
    }

    @Test("RI-21: a lease that would end with its record, or before, is refused")
    func expired() {
        #expect(ask(.empty, 0, at: 10, lifetime: 0) == .refused(.alreadyExpired))
        let past = LeaseRequest(group: .zero, notAfter: Timestamp(9))
        #expect(LeaseHistory.empty.judge(past, now: Timestamp(10), limits: limits) == .refused(.alreadyExpired))
    }

    @Test("RI-22: a lease never lives longer than two spacings")
    func lifetime() throws {
        #expect(limits.lifetimeMillisecondsMax == 100_000)
        _ = try given(.empty, 0, at: 10, lifetime: 100_000)
        #expect(ask(.empty, 0, at: 10, lifetime: 100_001) == .refused(.livesTooLong))
        #expect(ask(.empty, 0, at: 10, lifetime: .max - 10) == .refused(.livesTooLong))
    }

    @Test("RI-23: the first lease may open any group and is no seek", arguments: [0, 1, 40])
    func first(group: UInt64) throws {
        let history = try given(.empty, group, at: 5)
        #expect(history.seeks == 0 && history.leaseCount == 1 && history.viewings == 1)
        #expect(history.isOpen(GroupIndex(group), at: Timestamp(5)))
        #expect(!history.isOpen(GroupIndex(group + 1), at: Timestamp(5)))
        #expect(!history.isOpen(GroupIndex(group), at: Timestamp(100_005)))
    }

    @Test("RI-24: the next group is never leased before one spacing has passed, and then beside the one that plays")
    func pace() throws {
        let playing = try given(.empty, 3, at: 1_000)
        #expect(ask(playing, 4, at: 50_999) == .refused(.tooSoon))
        let prefetched = try given(playing, 4, at: 51_000)
        #expect(prefetched.openLeases(at: Timestamp(51_000)).map(\.group) == [GroupIndex(4), GroupIndex(3)])
        #expect(prefetched.seeks == 0)
        #expect(ask(prefetched, 5, at: 100_999) == .refused(.tooSoon))
        let third = try given(prefetched, 5, at: 101_000)
        #expect(third.openLeases(at: Timestamp(101_000)).map(\.group) == [GroupIndex(5), GroupIndex(4)])
    }

    @Test(
        "RI-24: at twice the speed the spacing is half as long",
        arguments: [(100, 50_000), (200, 25_000), (50, 100_000)])
    func speed(percent: UInt64, spacing: UInt64) throws {
        let limits = try #require(LeaseLimits(speedPercent: percent))
        #expect(limits.spacingMilliseconds == spacing)
        #expect(LeaseLimits(speedPercent: 24) == nil && LeaseLimits(speedPercent: 401) == nil)
        let request = { (group: UInt64, now: UInt64) in
            LeaseRequest(group: GroupIndex(group), notAfter: Timestamp(now + 1_000))
        }
        guard case .allowed(let history) = LeaseHistory.empty.judge(request(0, 0), now: .zero, limits: limits) else {
            Issue.record("the first lease is refused")
            return
        }
        let early = history.judge(request(1, spacing - 1), now: Timestamp(spacing - 1), limits: limits)
        #expect(early == .refused(.tooSoon))
        guard case .allowed = history.judge(request(1, spacing), now: Timestamp(spacing), limits: limits) else {
            Issue.record("the next group is refused at its time")
            return
        }
    }

    @Test("RI-25: a seek closes all that was open, and is counted", arguments: [0, 2, 3, 5, 90])
    func seek(group: UInt64) throws {
        let two = try given(try given(.empty, 2, at: 0), 3, at: 50_000)
        let history = try given(two, group, at: 50_001)
        #expect(history.seeks == 1)
        #expect(history.openLeases(at: Timestamp(50_001)).map(\.group) == [GroupIndex(group)])
    }

    @Test("RI-26: a viewer never makes more seeks in one window than the limit; the next window begins with its seek")
    func seekLimit() throws {
        var history = try given(.empty, 0, at: 0)
        for count in 1...limits.seeksMax {
            history = try given(history, 10 + count * 2, at: count)
            #expect(history.seeks == count)
        }
        #expect(ask(history, 500, at: 100) == .refused(.tooManySeeks))
        #expect(ask(history, 500, at: limits.seekWindowMilliseconds - 1) == .refused(.tooManySeeks))
        let next = try given(history, 500, at: limits.seekWindowMilliseconds)
        #expect(next.seeks == 1 && next.seekWindowStart == Timestamp(limits.seekWindowMilliseconds))
        let onwards = try given(history, 10 + limits.seeksMax * 2 + 1, at: 51_000)
        #expect(onwards.seeks == limits.seeksMax)
    }

    @Test("RI-27: whatever a viewer asks, never more than two groups, 120 s, are open to it", arguments: 0..<20)
    func bound(seed: UInt64) {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        func draw(_ limit: UInt64) -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state % limit
        }
        var history = LeaseHistory.empty
        var now: UInt64 = 1
        for _ in 0..<2_000 {
            now += [1, 10_000, 50_000, 100_000][Int(draw(4))]
            let next = (history.last?.group.rawValue ?? 0) + 1
            let group = draw(3) == 0 ? draw(100) : next
            let before = history
            switch ask(history, group, at: now, lifetime: draw(110_000)) {
            case .allowed(let changed): history = changed
            case .refused: #expect(history == before)
            }
            let open = history.openLeases(at: Timestamp(now))
            #expect(open.count <= LeaseLimits.openGroupsMax)
            #expect(UInt64(open.count) * LeaseLimits.groupMilliseconds <= 120_000)
            #expect(
                open.allSatisfy { $0.notAfter.milliseconds(since: Timestamp(now)) <= limits.lifetimeMillisecondsMax })
        }
    }

    @Test("RI-28: a revocation closes everything at once and keeps the counts")
    func revocation() throws {
        let two = try given(try given(.empty, 2, at: 0), 3, at: 50_000)
        let closed = two.closed
        #expect(closed.openLeases(at: Timestamp(50_000)).isEmpty)
        #expect(closed.leaseCount == 2 && closed.viewings == 1 && closed.closed == closed)
        #expect(LeaseHistory.empty.closed == .empty)
    }

    @Test("RI-29: viewings are told apart by the gap, and seconds count whole groups")
    func viewings() throws {
        let first = try given(.empty, 0, at: 0)
        #expect(first.usesSoFar(at: Timestamp(1), limits: limits) == 0)
        let gap = limits.viewingGapMilliseconds
        #expect(first.usesSoFar(at: Timestamp(gap - 1), limits: limits) == 0)
        #expect(first.usesSoFar(at: Timestamp(gap), limits: limits) == 1)
        let second = try given(first, 0, at: gap)
        #expect(second.viewings == 2 && second.secondsSoFar == 120)
        #expect(second.usesSoFar(at: Timestamp(gap + 1), limits: limits) == 1)
        #expect(try given(second, 1, at: gap + 50_000).viewings == 2)
    }

    @Test("RI-20: what the policies say and what the bounds say are told apart; a viewing once begun can be finished")
    func policiesAndBounds() throws {
        let judge = PolicyJudge()
        let once = try Policy(permit: [PolicyRule(.play, to: .grantee, when: [.count(1), .seconds(180)])]).encoded
        func verdict(_ history: LeaseHistory, at now: UInt64, grant: Bool = true) -> PolicyVerdict {
            let request = PolicyRequest(
                action: .play, assignee: member(1), hasGrant: grant, now: Timestamp(now),
                usesSoFar: history.usesSoFar(at: Timestamp(now), limits: limits), secondsSoFar: history.secondsSoFar,
                secondsAsked: LeaseLimits.groupMilliseconds / 1_000)
            return judge.judge([once, once], request)
        }
        #expect(verdict(.empty, at: 0, grant: false) == .refused(.notGranted))
        var history = LeaseHistory.empty
        for group in 0..<UInt64(3) {
            #expect(verdict(history, at: group * 50_000) == .allowed)
            history = try given(history, group, at: group * 50_000)
        }
        #expect(verdict(history, at: 150_000) == .refused(.timeExhausted))
        let begun = try given(.empty, 0, at: 0)
        #expect(verdict(begun, at: 1) == .allowed && ask(begun, 1, at: 1) == .refused(.tooSoon))
        #expect(verdict(begun, at: limits.viewingGapMilliseconds) == .refused(.countExhausted))
    }

    @Test("a history has one encoding")
    func encoding() throws {
        let two = try given(try given(.empty, 2, at: 0), 3, at: 50_000)
        for history in [LeaseHistory.empty, two, two.closed] {
            let bytes = history.encoded
            #expect(try LeaseHistory(decoding: bytes) == history)
            for count in bytes.indices {
                #expect(throws: WireError.self) { try LeaseHistory(decoding: Array(bytes[..<count])) }
            }
            for index in bytes.indices {
                var flipped = bytes
                flipped[index] ^= 1 << UInt8(index & 7)
                guard let other = try? LeaseHistory(decoding: flipped) else { continue }
                #expect(other != history && other.encoded == flipped)
            }
        }
    }
}
