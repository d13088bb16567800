import Primitives
import Recording
import Testing
import Wire

@Suite struct ConsentTests {
    typealias Machine = ConsentMachine

    private static let pair = Machine.Roster(hash: digest(1), participants: [key(1), key(2)])
    private static let trio = Machine.Roster(hash: digest(2), participants: [key(1), key(2), key(3)])

    private static func answer(
        _ who: UInt8, agrees: Bool = true, roster: Digest = digest(1), call: CallID = testCall
    ) throws -> Machine.Event {
        let statement = ConsentStatement(call: call, agrees: agrees, roster: roster, tracks: 3)
        let signed = try SignedConsent(signedObject(key(who), statement.encoded))
        return .answered(Verified(unchecked: signed), transaction: transaction(who))
    }

    private static func record(_ who: [UInt8], _ roster: Digest) -> Machine.Action {
        .record(
            who.map { Machine.Consent(participant: key($0), transaction: transaction($0), tracks: 3) }, roster: roster)
    }

    /// A machine that records the pair.
    private static func recording() throws -> Machine {
        var machine = Machine(call: testCall, isOffered: true)
        _ = machine.receive(.ask(pair))
        _ = machine.receive(try answer(1))
        #expect(machine.receive(try answer(2)) == [record([1, 2], digest(1))])
        #expect(machine.isRecording)
        return machine
    }

    @Test("CO-1: a secret call is never recorded")
    func secret() throws {
        var machine = Machine(call: testCall, isOffered: false)
        #expect(machine.receive(.ask(Self.pair)) == [.report(.notOffered)])
        for who in [1, 2] as [UInt8] { #expect(machine.receive(try Self.answer(who)) == []) }
        #expect(machine.receive(.end) == [])
    }

    @Test("CO-2, CO-3: all are asked, and nothing is recorded before the last yes")
    func everybody() throws {
        var machine = Machine(call: testCall, isOffered: true)
        let round = Machine.Round(1)
        #expect(
            machine.receive(.ask(Self.pair)) == [
                .ask(Self.pair, round), .startTimer(round, afterMilliseconds: 60_000),
            ])
        #expect(machine.receive(.ask(Self.pair)) == [])
        #expect(machine.receive(try Self.answer(2)) == [])
        #expect(machine.receive(try Self.answer(2)) == [])
        #expect(!machine.isRecording)
        #expect(machine.receive(try Self.answer(1)) == [Self.record([1, 2], digest(1))])
    }

    @Test("CO-3: a yes of a stranger, to another roster or to another call does not count")
    func strangers() throws {
        var machine = Machine(call: testCall, isOffered: true)
        _ = machine.receive(.ask(Self.pair))
        _ = machine.receive(try Self.answer(1))
        #expect(machine.receive(try Self.answer(3)) == [])
        #expect(machine.receive(try Self.answer(2, roster: digest(9))) == [])
        #expect(machine.receive(try Self.answer(2, call: CallID(raw: digest(8).raw))) == [])
        #expect(!machine.isRecording)
    }

    @Test("CO-3: one no ends the round")
    func declined() throws {
        var machine = Machine(call: testCall, isOffered: true)
        _ = machine.receive(.ask(Self.pair))
        _ = machine.receive(try Self.answer(1))
        #expect(machine.receive(try Self.answer(2, agrees: false)) == [.report(.declined(by: key(2)))])
        #expect(machine.receive(try Self.answer(2)) == [])
        #expect(machine.receive(.end) == [])
    }

    @Test("CO-4: silence is no, and a stale timer is nothing")
    func silence() throws {
        var machine = Machine(call: testCall, isOffered: true)
        _ = machine.receive(.ask(Self.pair))
        _ = machine.receive(try Self.answer(1))
        #expect(machine.receive(.timerFired(Machine.Round(1))) == [.report(.silent([key(2)]))])
        #expect(machine.receive(try Self.answer(2)) == [])
        _ = machine.receive(.ask(Self.pair))
        #expect(machine.receive(.timerFired(Machine.Round(1))) == [])
        var on = try Self.recording()
        #expect(on.receive(.timerFired(Machine.Round(1))) == [])
        #expect(on.isRecording)
    }

    @Test("CO-5: who joins stops the recording before anything else, and all are asked under the new roster")
    func joiner() throws {
        var machine = try Self.recording()
        let actions = machine.receive(.rosterChanged(Self.trio))
        #expect(actions.first == .pause)
        #expect(actions.dropFirst().first == .ask(Self.trio, Machine.Round(2)))
        #expect(!machine.isRecording)
        for who in [1, 2] as [UInt8] { #expect(machine.receive(try Self.answer(who, roster: digest(2))) == []) }
        #expect(machine.receive(try Self.answer(3, roster: digest(1))) == [])
        #expect(machine.receive(try Self.answer(3, roster: digest(2))) == [Self.record([1, 2, 3], digest(2))])
    }

    @Test("CO-5: a joiner who says no leaves what was recorded, to be sealed at the end")
    func joinerDeclines() throws {
        var machine = try Self.recording()
        _ = machine.receive(.rosterChanged(Self.trio))
        #expect(
            machine.receive(try Self.answer(3, agrees: false, roster: digest(2))) == [.report(.declined(by: key(3)))])
        #expect(!machine.isRecording)
        #expect(machine.receive(.end) == [.seal])
        #expect(machine.receive(.end) == [])
        #expect(machine.receive(.ask(Self.pair)) == [])
    }

    @Test("CO-5: answers to the roster before a change do not count for the one after")
    func changeWhileAsking() throws {
        var machine = Machine(call: testCall, isOffered: true)
        _ = machine.receive(.ask(Self.pair))
        _ = machine.receive(try Self.answer(1))
        #expect(machine.receive(.rosterChanged(Self.trio)).first == .ask(Self.trio, Machine.Round(2)))
        #expect(machine.receive(try Self.answer(2)) == [])
        #expect(machine.receive(.timerFired(Machine.Round(1))) == [])
    }

    @Test("CO-6: who withdraws stops everything and destroys the open group's keys; a repeated yes does not")
    func withdrawal() throws {
        var machine = try Self.recording()
        #expect(machine.receive(try Self.answer(1)) == [])
        #expect(machine.receive(try Self.answer(3, agrees: false)) == [])
        #expect(
            machine.receive(try Self.answer(2, agrees: false))
                == [.stop, .destroyOpenGroupKeys, .report(.withdrawn(by: key(2)))])
        #expect(!machine.isRecording)
        #expect(machine.receive(.end) == [.seal])
    }

    @Test("CO-7: who leaves does not stop the recording, and cannot withdraw for the others")
    func leaver() throws {
        var machine = try Self.recording()
        #expect(machine.receive(.rosterChanged(.init(hash: digest(5), participants: [key(1)]))) == [])
        #expect(machine.isRecording)
        #expect(machine.receive(try Self.answer(2, agrees: false)) == [])
        #expect(machine.receive(.rosterChanged(Self.pair)).first == .pause)
        #expect(machine.receive(.end) == [.seal])
    }

    @Test("CO-8: the end seals what was recorded")
    func end() throws {
        var machine = try Self.recording()
        #expect(machine.receive(.end) == [.pause, .seal])
        var asked = Machine(call: testCall, isOffered: true)
        _ = asked.receive(.ask(Self.pair))
        #expect(asked.receive(.end) == [])
    }

    @Test("A roster that is empty or too large is not asked")
    func rosterBounds() {
        var machine = Machine(call: testCall, isOffered: true)
        #expect(machine.receive(.ask(.init(hash: digest(1), participants: []))) == [.report(.rosterTooLarge)])
        let crowd = Set((0...1_024).map { PublicKey(raw: Bytes32(words: (0, 0, 0, UInt64($0)))) })
        #expect(machine.receive(.ask(.init(hash: digest(1), participants: crowd))) == [.report(.rosterTooLarge)])
    }

    @Test("A consent statement has one encoding, and agrees to tracks exactly when it agrees")
    func encoding() {
        let statement = ConsentStatement(call: testCall, agrees: true, roster: digest(1), tracks: 3)
        #expect(strictnessFaults(statement) == [])
        #expect(ConsentStatement(call: testCall, agrees: false, roster: digest(1), tracks: 3).tracks == 0)
        #expect(strictnessFaults(ConsentStatement(call: testCall, agrees: false, roster: digest(1), tracks: 0)) == [])
    }
}
