package import Primitives
import Wire

/// Decides whether a call is being recorded: all must agree, silence is no, and any change asks again. Pure.
///
/// `off → asked → on → paused → sealed`. Nothing is recorded before every participant agreed to exactly this roster;
/// one who joins later stops the recording before the next frame, and all are asked again; one who withdraws stops it
/// and the open group's keys are destroyed, so that what was said last is lost to everybody. What was recorded before,
/// under consent, stays and is sealed at the end. `CO-n` refers to the clauses in `Rules.md`.
package struct ConsentMachine: Sendable, Equatable {
    package enum Event: Equatable, Sendable {
        /// Somebody in the call wants to record this roster.
        case ask(Roster)
        /// A consent or a refusal whose transaction, if it agrees, is final under this id.
        case answered(Verified<SignedConsent>, transaction: TransactionID)
        /// Somebody joined or left.
        case rosterChanged(Roster)
        case timerFired(Round)
        /// Anybody ends the recording, or the call ends.
        case end
    }

    package enum Action: Equatable, Sendable {
        /// Ask every participant; each answers with a signed statement.
        case ask(Roster, Round)
        case startTimer(Round, afterMilliseconds: UInt64)
        /// Record from the next frame on, each participant under its own consent; ascending by key.
        case record([Consent], roster: Digest)
        /// Record no further frame; close the open segments and hand over their group's keys.
        case pause
        /// Record no further frame; throw the open group's segments away, those already cut included.
        case stop
        /// Destroy the keys of the group that is open, at every sender.
        case destroyOpenGroupKeys
        /// Make the manifests of what was recorded and seal them.
        case seal
        case report(Notice)
    }

    /// What people are told.
    package enum Notice: Equatable, Sendable {
        case notOffered
        case declined(by: PublicKey)
        /// These did not answer in time; ascending.
        case silent([PublicKey])
        case withdrawn(by: PublicKey)
        case rosterTooLarge
    }

    /// Counts the times that all were asked.
    package struct Round: Counter {
        package let rawValue: UInt64
        package init(_ rawValue: UInt64) { self.rawValue = rawValue }
    }

    /// Who is in the call, by per-call key.
    package struct Roster: Equatable, Sendable {
        package let hash: Digest
        package let participants: Set<PublicKey>

        package init(hash: Digest, participants: Set<PublicKey>) {
            self.hash = hash
            self.participants = participants
        }
    }

    package struct Consent: Equatable, Sendable {
        package let participant: PublicKey
        package let transaction: TransactionID
        /// Bits of `TrackKind`.
        package let tracks: UInt8

        package init(participant: PublicKey, transaction: TransactionID, tracks: UInt8) {
            self.participant = participant
            self.transaction = transaction
            self.tracks = tracks
        }
    }

    private enum State: Sendable, Equatable {
        case off
        case asked(Asking)
        case on(Roster)
        /// Something is recorded, and nothing more is being recorded; perhaps all are being asked again.
        case paused(Asking?)
        case sealed
    }

    private struct Asking: Sendable, Equatable {
        let roster: Roster
        let round: Round
        var consents: [PublicKey: Consent] = [:]

        var isComplete: Bool { consents.count == roster.participants.count }
    }

    /// How long an answer may take, in milliseconds.
    package static let answerMilliseconds: UInt64 = 60_000

    package let call: CallID
    /// False in a secret call.
    package let isOffered: Bool
    private var state = State.off
    private var lastRound = Round.zero

    package init(call: CallID, isOffered: Bool) {
        self.call = call
        self.isOffered = isOffered
    }

    package var isRecording: Bool {
        if case .on = state { return true }
        return false
    }

    /// Takes an event. What comes back is to be done by the shell, first things first.
    package mutating func receive(_ event: Event) -> [Action] {
        switch (state, event) {
        case (.off, .ask) where !isOffered:  // CO-1
            return [.report(.notOffered)]
        case (.off, .ask(let roster)):  // CO-2
            return ask(roster, isResumed: false)
        case (.paused(nil), .ask(let roster)):  // CO-2
            return ask(roster, isResumed: true)
        case (.asked, .ask), (.paused, .ask), (.on, .ask), (.sealed, .ask):  // CO-2: once
            return []
        case (.asked(let asking), .answered(let answer, let transaction)):  // CO-3
            return take(answer.value, transaction, asking, isResumed: false)
        case (.paused(.some(let asking)), .answered(let answer, let transaction)):  // CO-3
            return take(answer.value, transaction, asking, isResumed: true)
        case (.on(let roster), .answered(let answer, _)):  // CO-6
            return withdraw(answer.value, roster)
        case (.off, .answered), (.paused(nil), .answered), (.sealed, .answered):  // CO-3: nobody asked
            return []
        case (.asked, .rosterChanged(let roster)):  // CO-5
            return ask(roster, isResumed: false)
        case (.paused(.some), .rosterChanged(let roster)):  // CO-5
            return ask(roster, isResumed: true)
        case (.on(let old), .rosterChanged(let new)) where new.participants.isSubset(of: old.participants):  // CO-7
            state = .on(Roster(hash: old.hash, participants: new.participants))
            return new.participants.isEmpty ? finish() : []
        case (.on, .rosterChanged(let roster)):  // CO-5
            return [.pause] + ask(roster, isResumed: true)
        case (.off, .rosterChanged), (.paused(nil), .rosterChanged), (.sealed, .rosterChanged):  // CO-5
            return []
        case (.asked(let asking), .timerFired(let round)) where asking.round == round:  // CO-4
            state = .off
            return [.report(.silent(silent(asking)))]
        case (.paused(.some(let asking)), .timerFired(let round)) where asking.round == round:  // CO-4
            state = .paused(nil)
            return [.report(.silent(silent(asking)))]
        case (.off, .timerFired), (.asked, .timerFired), (.on, .timerFired), (.paused, .timerFired),
            (.sealed, .timerFired):  // CO-4: a stale timer
            return []
        case (.on, .end), (.paused, .end):  // CO-8
            return finish()
        case (.asked, .end):  // CO-8: nothing was recorded
            state = .off
            return []
        case (.off, .end), (.sealed, .end):  // CO-8
            return []
        }
    }

    /// CO-2: starts a round; a roster above the limit is not asked.
    private mutating func ask(_ roster: Roster, isResumed: Bool) -> [Action] {
        guard !roster.participants.isEmpty, roster.participants.count <= RecordingLimits.participants else {
            state = isResumed ? .paused(nil) : .off
            return [.report(.rosterTooLarge)]
        }
        lastRound = lastRound.next
        let asking = Asking(roster: roster, round: lastRound)
        state = isResumed ? .paused(asking) : .asked(asking)
        return [.ask(roster, lastRound), .startTimer(lastRound, afterMilliseconds: Self.answerMilliseconds)]
    }

    /// CO-3: counts a yes to this very roster; a no ends the round.
    private mutating func take(
        _ answer: SignedConsent, _ transaction: TransactionID, _ asking: Asking, isResumed: Bool
    ) -> [Action] {
        let statement = answer.statement
        guard statement.call == call, statement.roster == asking.roster.hash,
            asking.roster.participants.contains(answer.participant)
        else { return [] }
        guard statement.agrees else {
            state = isResumed ? .paused(nil) : .off
            return [.report(.declined(by: answer.participant))]
        }
        var next = asking
        next.consents[answer.participant] = Consent(
            participant: answer.participant, transaction: transaction, tracks: statement.tracks)
        guard next.isComplete else {
            state = isResumed ? .paused(next) : .asked(next)
            return []
        }
        state = .on(next.roster)
        let consents = next.consents.values.sorted { $0.participant < $1.participant }
        return [.record(consents, roster: next.roster.hash)]
    }

    /// CO-6: one who takes it back stops everything, at once, and what is open cannot be opened by anybody.
    private mutating func withdraw(_ answer: SignedConsent, _ roster: Roster) -> [Action] {
        guard !answer.statement.agrees, answer.statement.call == call, roster.participants.contains(answer.participant)
        else { return [] }
        state = .paused(nil)
        return [.stop, .destroyOpenGroupKeys, .report(.withdrawn(by: answer.participant))]
    }

    /// CO-8.
    private mutating func finish() -> [Action] {
        let wasOn = isRecording
        state = .sealed
        return (wasOn ? [.pause] : []) + [.seal]
    }

    private func silent(_ asking: Asking) -> [PublicKey] {
        asking.roster.participants.subtracting(asking.consents.keys).sorted()
    }
}
