import Primitives
import Rights
import Testing
import Wire

/// A member made of one number.
func member(_ number: UInt64) -> MemberID { MemberID(raw: Bytes32(words: (0, 0, 0, number))) }

@Suite struct PolicyJudgeTests {
    private let judge = PolicyJudge()

    private func request(
        _ action: PolicyAction = .play, by assignee: UInt64 = 1, grant: Bool = true, now: UInt64 = 1_000,
        uses: UInt64 = 0, seconds: UInt64 = 0, asked: UInt64 = 60, others: UInt64 = 0
    ) -> PolicyRequest {
        PolicyRequest(
            action: action, assignee: member(assignee), hasGrant: grant, now: Timestamp(now), usesSoFar: uses,
            secondsSoFar: seconds, secondsAsked: asked, othersActive: others)
    }

    private func verdict(_ policy: Policy, _ request: PolicyRequest) -> PolicyVerdict {
        judge.judge(policy.encoded, request)
    }

    @Test("RI-5: a permission allows its action to its assignee and nothing else", arguments: PolicyAction.allCases)
    func actions(action: PolicyAction) throws {
        let policy = try Policy(permit: [PolicyRule(action, to: .member(member(1)))])
        for other in PolicyAction.allCases {
            #expect(verdict(policy, request(other)) == (other == action ? .allowed : .refused(.notPermitted)))
        }
        #expect(verdict(policy, request(action, by: 2)) == .refused(.notPermitted))
    }

    @Test("RI-7: an empty policy permits nothing; a grant that would help is named as missing")
    func nothing() throws {
        #expect(verdict(try Policy(permit: []), request()) == .refused(.notPermitted))
        let policy = try Policy(permit: [PolicyRule(.play, to: .grantee)])
        #expect(verdict(policy, request(grant: true)) == .allowed)
        #expect(verdict(policy, request(grant: false)) == .refused(.notGranted))
        let open = try Policy(permit: [PolicyRule(.play, to: .anyone)])
        #expect(verdict(open, request(grant: false)) == .allowed)
    }

    @Test("RI-4: a prohibition wins over every permission while its constraints hold, and for those it names")
    func prohibitions() throws {
        let policy = try Policy(
            permit: [PolicyRule(.play, to: .anyone), PolicyRule(.play, to: .member(member(2)))],
            forbid: [PolicyRule(.play, to: .member(member(2)), when: [.before(Timestamp(500))])])
        #expect(verdict(policy, request(by: 2, now: 499)) == .refused(.prohibited))
        #expect(verdict(policy, request(by: 2, now: 500)) == .allowed)
        #expect(verdict(policy, request(by: 1, now: 499)) == .allowed)
    }

    @Test("RI-3: from its expiry on a policy permits nothing")
    func expiry() throws {
        let policy = try Policy(permit: [PolicyRule(.play, to: .anyone)], expires: Timestamp(1_000))
        #expect(verdict(policy, request(now: 999)) == .allowed)
        #expect(verdict(policy, request(now: 1_000)) == .refused(.expired))
    }

    @Test(
        "RI-6: each constraint refuses at its limit, with its own reason",
        arguments: [
            (PolicyConstraint.notBefore(Timestamp(100)), PolicyRefusal.tooEarly), (.before(Timestamp(100)), .tooLate),
            (.count(2), .countExhausted), (.seconds(120), .timeExhausted), (.concurrency(2), .tooManyActive),
        ])
    func constraints(constraint: PolicyConstraint, reason: PolicyRefusal) throws {
        let policy = try Policy(permit: [PolicyRule(.play, to: .anyone, when: [constraint])])
        let (good, bad): (PolicyRequest, PolicyRequest) =
            switch constraint.kind {
            case .notBefore: (request(now: 100), request(now: 99))
            case .before: (request(now: 99), request(now: 100))
            case .count: (request(uses: 1), request(uses: 2))
            case .seconds: (request(seconds: 60), request(seconds: 61))
            case .concurrency: (request(others: 1), request(others: 2))
            }
        #expect(verdict(policy, good) == .allowed)
        #expect(verdict(policy, bad) == .refused(reason))
        if constraint.kind == .seconds {
            #expect(verdict(policy, request(seconds: .max)) == .refused(.timeExhausted))
        }
    }

    @Test("RI-6: all constraints of one rule must hold, and one rule of several suffices")
    func several() throws {
        let first = try PolicyRule(.play, to: .anyone, when: [.count(1), .notBefore(Timestamp(500))])
        let second = try PolicyRule(.play, to: .grantee, when: [.before(Timestamp(100))])
        let policy = try Policy(permit: [first, second])
        #expect(verdict(policy, request(now: 600)) == .allowed)
        #expect(verdict(policy, request(now: 50)) == .allowed)
        #expect(verdict(policy, request(now: 200, uses: 1)) == .refused(.tooEarly))
        #expect(verdict(policy, request(grant: false, now: 200, uses: 1)) == .refused(.tooEarly))
        #expect(verdict(policy, request(grant: false, now: 600, uses: 1)) == .refused(.countExhausted))
    }

    @Test("RI-2: bytes that are no policy, and policies with anything unknown, allow nothing and say which")
    func unusable() throws {
        func policy(version: UInt64 = 1, to: [UInt64] = [0], when: [UInt64] = [], action: UInt64 = 1) -> [UInt8] {
            var writer = CBORWriter()
            writer.mapHeader(count: 3)
            writer.key("v")
            writer.unsigned(version)
            writer.key("forbid")
            writer.arrayHeader(count: 0)
            writer.key("permit")
            writer.arrayHeader(count: 1)
            writer.mapHeader(count: 3)
            writer.key("to")
            writer.array(to) { $0.unsigned($1) }
            writer.key("when")
            writer.arrayHeader(count: when.isEmpty ? 0 : 1)
            if !when.isEmpty { writer.array(when) { $0.unsigned($1) } }
            writer.key("action")
            writer.unsigned(action)
            return writer.bytes
        }
        #expect(judge.judge(policy(), request()) == .allowed)
        #expect(judge.refusal(of: policy()) == nil)
        for unknown in [policy(version: 2), policy(to: [3]), policy(when: [6, 1]), policy(action: 10)] {
            #expect(judge.judge(unknown, request()) == .refused(.unsupported))
            #expect(judge.refusal(of: unknown) == .unsupported)
        }
        for unreadable in [[], [0xa0], policy() + [0], policy(to: [0, 0]), policy(when: [1, 1, 1])] {
            #expect(judge.judge(unreadable, request()) == .refused(.unreadable))
            #expect(judge.refusal(of: unreadable) == .unreadable)
        }
    }

    @Test("RI-10: a lease needs the rights holder's policy and every sender's; the first refusal is the answer")
    func everyPolicy() throws {
        let open = try Policy(permit: [PolicyRule(.play, to: .anyone)]).encoded
        let granted = try Policy(permit: [PolicyRule(.play, to: .grantee)]).encoded
        let closed = try Policy(permit: []).encoded
        let none: [[UInt8]] = []
        #expect(judge.judge(none, request()) == .refused(.notPermitted))
        #expect(judge.judge([open, granted, open], request()) == .allowed)
        #expect(judge.judge([open, granted, open], request(grant: false)) == .refused(.notGranted))
        #expect(judge.judge([open, open, closed], request()) == .refused(.notPermitted))
        #expect(judge.judge([open, [0]], request()) == .refused(.unreadable))
    }

    @Test("RI-8: what can only be deterred is labelled so")
    func labels() {
        let enforced = PolicyAction.allCases.filter { $0.enforcement == .enforced }
        #expect(enforced == [.play, .record, .revoke])
        #expect(PolicyAction.capture.enforcement.label == "deterred, not prevented")
        #expect(PolicyAction.play.enforcement.label == "enforced")
    }
}
