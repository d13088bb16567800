import Primitives
import Signalling
import Testing

func callID(_ number: UInt8) -> CallID { CallID([UInt8](repeating: number, count: 32)) ?? .zero }
func member(_ number: UInt8) -> MemberID { MemberID([UInt8](repeating: number, count: 32)) ?? .zero }

@Suite("A call leg")
struct CallLegTests {
    typealias Event = CallLeg.Event
    typealias Action = CallLeg.Action

    /// A leg that has taken these events.
    private func leg(_ side: CallLeg.Side, after events: [Event]) -> CallLeg {
        var leg = CallLeg(call: callID(5), side: side)
        for event in events { _ = leg.receive(event) }
        return leg
    }

    @Test("SG-1, SG-3, SG-5, SG-7: a caller dials, hears ringing, confirms, connects and talks")
    func callerStory() {
        var leg = CallLeg(call: callID(5), side: .caller)
        #expect(leg.receive(.dialled) == [.sendInvite, .startTimer(.ring, after: .seconds(60)), .report(.calling)])
        #expect(leg.receive(.ringing) == [.report(.ringingThere)])
        #expect(leg.receive(.ringing) == [])
        #expect(
            leg.receive(.accepted) == [
                .cancelTimer(.ring), .sendConfirm, .report(.shortAuthenticationReady), .startTransport,
                .startTimer(.connect, after: .seconds(30)),
            ])
        #expect(leg.receive(.connected) == [.cancelTimer(.connect), .startMedia, .report(.inCall)])
        #expect(leg.isActive)
        #expect(
            leg.receive(.endedHere(.hungUp)) == [.sendEnd(.hungUp), .stopTransport, .report(.ended(.hungUp))])
        #expect(leg.endReason == .hungUp)
    }

    @Test("SG-2, SG-4, SG-6: a callee rings, accepts, waits for the reveal, and only then starts the transport")
    func calleeStory() {
        var leg = CallLeg(call: callID(5), side: .callee)
        #expect(leg.receive(.invited) == [.sendRinging, .startTimer(.ring, after: .seconds(60)), .report(.incoming)])
        #expect(
            leg.receive(.acceptedHere) == [
                .cancelTimer(.ring), .sendAccept, .startTimer(.confirm, after: .seconds(15)),
            ])
        #expect(
            leg.receive(.confirmed) == [
                .cancelTimer(.confirm), .report(.shortAuthenticationReady), .startTransport,
                .startTimer(.connect, after: .seconds(30)),
            ])
        #expect(leg.receive(.connected) == [.cancelTimer(.connect), .startMedia, .report(.inCall)])
        #expect(leg.receive(.peerEnded(.hungUp)) == [.stopTransport, .report(.ended(.hungUp))])
    }

    @Test(
        "SG-4: nothing before the accept reveals a candidate or starts a transport",
        arguments: [
            .ringing, .accepted, .confirmed, .connected, .crossed(callID(1)), .timerFired(.connect),
            .transportFailed(.noPath), .pathLost(canRestart: true),
        ] as [Event])
    func nothingBeforeAccept(event: Event) {
        var leg = leg(.callee, after: [.invited])
        #expect(leg.receive(event) == [])
    }

    @Test(
        "SG-5, SG-13: a reveal that does not hold ends the call and no own reveal is sent",
        arguments: [
            .identityMismatch, .fingerprintMismatch, .commitmentMismatch, .protocolError, .versionMismatch,
        ] as [EndReason])
    func badReveal(reason: EndReason) {
        var caller = leg(.caller, after: [.dialled])
        #expect(caller.receive(.refused(reason)) == [.cancelTimer(.ring), .sendEnd(reason), .report(.ended(reason))])
        var callee = leg(.callee, after: [.invited, .acceptedHere])
        #expect(
            callee.receive(.refused(reason)) == [.cancelTimer(.confirm), .sendEnd(reason), .report(.ended(reason))])
    }

    @Test("SG-8: a lost path restarts, comes back, or ends the call")
    func lostPath() {
        var leg = leg(.caller, after: [.dialled, .accepted, .connected])
        #expect(
            leg.receive(.pathLost(canRestart: true)) == [
                .restartTransport, .startTimer(.connect, after: .seconds(30)), .report(.reconnecting),
            ])
        var back = leg
        #expect(back.receive(.connected) == [.cancelTimer(.connect), .startMedia, .report(.inCall)])
        #expect(
            leg.receive(.timerFired(.connect)) == [
                .cancelTimer(.connect), .sendEnd(.pathLost), .stopTransport, .report(.ended(.pathLost)),
            ])
    }

    @Test("SG-9: a handshake that fails ends the call with its reason")
    func failedTransport() {
        var leg = leg(.callee, after: [.invited, .acceptedHere, .confirmed])
        #expect(
            leg.receive(.transportFailed(.fingerprintMismatch)) == [
                .cancelTimer(.connect), .sendEnd(.fingerprintMismatch), .stopTransport,
                .report(.ended(.fingerprintMismatch)),
            ])
    }

    @Test("SG-10: of two crossing calls exactly one goes on")
    func glare() {
        var low = CallLeg(call: callID(1), side: .caller)
        var high = CallLeg(call: callID(2), side: .caller)
        _ = low.receive(.dialled)
        _ = high.receive(.dialled)
        #expect(low.receive(.crossed(callID(2))) == [])
        #expect(high.receive(.crossed(callID(1))) == [.cancelTimer(.ring), .sendEnd(.glare), .report(.ended(.glare))])
    }

    @Test(
        "SG-11, SG-12: every state ends from both sides, and the other side is told once",
        arguments: [
            (.caller, [.dialled]), (.caller, [.dialled, .ringing]), (.caller, [.dialled, .accepted]),
            (.caller, [.dialled, .accepted, .connected]), (.callee, [.invited]), (.callee, [.invited, .acceptedHere]),
            (.callee, [.invited, .acceptedHere, .confirmed]),
            (.caller, [.dialled, .accepted, .connected, .pathLost(canRestart: true)]),
        ] as [(CallLeg.Side, [Event])])
    func endings(side: CallLeg.Side, events: [Event]) {
        var here = leg(side, after: events)
        #expect(here.receive(.endedHere(.shutDown)).contains(.sendEnd(.shutDown)))
        #expect(here.receive(.endedHere(.shutDown)) == [])
        #expect(here.receive(.peerEnded(.hungUp)) == [])
        #expect(here.endReason == .shutDown)
        var there = leg(side, after: events)
        let actions = there.receive(.peerEnded(.busy))
        #expect(!actions.contains { if case .sendEnd = $0 { true } else { false } })
        #expect(actions.last == .report(.ended(.busy)))
    }

    @Test("SG-14: every wait ends by its own timer and by no other")
    func timers() {
        var ringing = leg(.callee, after: [.invited])
        #expect(ringing.receive(.timerFired(.connect)) == [])
        #expect(ringing.receive(.timerFired(.ring)).last == .report(.ended(.notAnswered)))
        var confirming = leg(.callee, after: [.invited, .acceptedHere])
        #expect(confirming.receive(.timerFired(.ring)) == [])
        #expect(confirming.receive(.timerFired(.confirm)).last == .report(.ended(.notConfirmed)))
        var connecting = leg(.caller, after: [.dialled, .accepted])
        #expect(connecting.receive(.timerFired(.connect)).last == .report(.ended(.noPath)))
    }

    @Test("SG-15: a leg takes no event of the other side")
    func sides() {
        var caller = CallLeg(call: callID(5), side: .caller)
        #expect(caller.receive(.invited) == [])
        #expect(caller.receive(.dialled) != [])
        #expect(caller.receive(.acceptedHere) == [])
        #expect(caller.receive(.confirmed) == [])
        var callee = CallLeg(call: callID(5), side: .callee)
        #expect(callee.receive(.dialled) == [])
    }
}

@Suite("Media keys of a roster")
struct KeyRotationTests {
    private let first = RosterEpoch(1)
    private let second = RosterEpoch(2)

    @Test("KR-1, KR-4: who joins starts an epoch that is used when all have acknowledged")
    func joining() {
        var rotation = KeyRotation(participants: [member(1)])
        #expect(
            rotation.receive(.joined(member(2))) == [
                .distribute(second, to: [member(1), member(2)]), .startTimer(second, after: .seconds(1)),
            ])
        #expect(rotation.receive(.joined(member(2))) == [])
        #expect(rotation.receive(.acknowledged(second, member(1))) == [])
        #expect(rotation.receive(.acknowledged(second, member(1))) == [])
        #expect(rotation.receive(.acknowledged(second, member(2))) == [.use(second), .retireKeys(before: second)])
    }

    @Test("KR-2: who leaves during a change of keys starts another")
    func leavers() {
        var rotation = KeyRotation(participants: [member(1), member(2), member(3)])
        #expect(
            rotation.receive(.left(member(1))).first == .distribute(second, to: [member(2), member(3)]))
        let third = RosterEpoch(3)
        #expect(rotation.receive(.left(member(2))).first == .distribute(third, to: [member(3)]))
        #expect(rotation.receive(.acknowledged(second, member(3))) == [])
        #expect(rotation.receive(.acknowledged(third, member(2))) == [])
        #expect(rotation.receive(.acknowledged(third, member(3))) == [.use(third), .retireKeys(before: third)])
        #expect(rotation.receive(.left(member(9))) == [])
    }

    @Test("KR-3: a restarted process starts an epoch")
    func restart() {
        var rotation = KeyRotation(participants: [member(1)])
        #expect(rotation.receive(.restarted).first == .distribute(second, to: [member(1)]))
    }

    @Test("KR-5, KR-6: patience ends after a second, for the epoch that runs and no other")
    func patience() {
        var rotation = KeyRotation(participants: [member(1)])
        _ = rotation.receive(.joined(member(2)))
        #expect(rotation.receive(.timerFired(first)) == [])
        #expect(rotation.receive(.timerFired(second)) == [.use(second), .retireKeys(before: second)])
        #expect(rotation.receive(.timerFired(second)) == [])
        #expect(rotation.receive(.acknowledged(second, member(1))) == [])
    }

    @Test("KR-7: epochs do not wrap")
    func exhaustion() {
        var rotation = KeyRotation(participants: [member(1)], epoch: RosterEpoch(65_535))
        #expect(rotation.receive(.restarted) == [.exhausted])
        #expect(rotation.receive(.left(member(1))) == [])
    }
}
