import Links
import Primitives
import Testing

@Suite("When a peer is dropped")
struct PeerConductTests {
    private func member(_ number: UInt64) -> MemberID { MemberID(raw: Bytes32(words: (number, 0, 0, 0))) }

    @Test(
        "Each offence is borne until its weight is spent",
        arguments: [
            (.malformed, 1), (.flood, 1), (.falseHeight, 2), (.stalledSync, 3), (.badSignature, 4),
            (.futureView, 95),
        ] as [(Offence, Int)])
    func weights(_ offence: Offence, _ count: Int) {
        var conduct = PeerConduct()
        for _ in 1..<count { #expect(conduct.receive(offence, by: member(1), at: .seconds(9)) == .borne) }
        #expect(
            conduct.receive(offence, by: member(1), at: .seconds(9)) == .drop(offence, pause: .seconds(5)))
        #expect(conduct.receive(.futureView, by: member(2), at: .seconds(9)) == .borne)
    }

    @Test("What is long ago is forgiven, and what was on its way when the link was closed is no second reason")
    func forgiven() {
        var conduct = PeerConduct()
        for minute in 0..<50 {
            #expect(conduct.receive(.badSignature, by: member(1), at: .seconds(60 * minute)) == .borne)
        }
        #expect(conduct.receive(.malformed, by: member(1), at: .seconds(3_000)) != .borne)
        for _ in 0..<10 { #expect(conduct.receive(.malformed, by: member(1), at: .seconds(3_001)) == .borne) }
        #expect(conduct.isAway(member(1), at: .seconds(3_004)))
        #expect(!conduct.isAway(member(1), at: .seconds(3_005)))
    }

    @Test("Each drop doubles the pause, up to the longest; after an hour without one it begins anew")
    func pauses() {
        var conduct = PeerConduct()
        var now = Duration.zero
        var pauses: [Duration] = []
        for _ in 0..<8 {
            if case .drop(_, let pause) = conduct.receive(.malformed, by: member(1), at: now) {
                pauses.append(pause)
                now += pause
            }
        }
        #expect(pauses == [5, 10, 20, 40, 80, 160, 300, 300].map { .seconds($0) })
        now += .seconds(4_000)
        #expect(conduct.receive(.malformed, by: member(1), at: now) == .drop(.malformed, pause: .seconds(5)))
    }

    @Test("Messages within the rate are borne for ever; a burst above it is a flood")
    func flood() {
        var conduct = PeerConduct()
        for second in 0..<100 {
            #expect(conduct.heard(8_000, from: member(1), at: .seconds(second)) == .borne)
        }
        #expect(conduct.heard(8_193, from: member(2), at: .zero) == .drop(.flood, pause: .seconds(5)))
    }

    @Test("A crowd of members does not make it grow, and the latest offenders stay known")
    func bounded() {
        var limits = PeerConduct.Limits()
        limits.peersMax = 3
        var conduct = PeerConduct(limits: limits)
        for number in 1...50 {
            _ = conduct.receive(.falseHeight, by: member(UInt64(number)), at: .milliseconds(number))
        }
        #expect(conduct.receive(.falseHeight, by: member(50), at: .milliseconds(51)) != .borne)
        #expect(conduct.receive(.falseHeight, by: member(1), at: .milliseconds(52)) == .borne)
    }
}
