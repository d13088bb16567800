package import Primitives

/// Gives a call a new media key whenever its roster changes or a process restarts. It sees no key
/// and sends nothing itself. `KR-n` refers to the clauses in `Rules.md`.
package struct KeyRotation: Sendable, Equatable {
    /// How long a new key waits for participants that do not acknowledge it.
    package static let patience = Duration.seconds(1)

    package enum Event: Sendable, Equatable {
        case joined(MemberID)
        case left(MemberID)
        /// This process began anew in the middle of a call.
        case restarted
        case acknowledged(RosterEpoch, MemberID)
        case timerFired(RosterEpoch)
    }

    package enum Action: Sendable, Equatable {
        /// Draw a base key for the epoch and send it, wrapped pairwise, to these.
        case distribute(RosterEpoch, to: [MemberID])
        case startTimer(RosterEpoch, after: Duration)
        /// Send media under this epoch from now on.
        case use(RosterEpoch)
        /// Forget keys of earlier epochs.
        case retireKeys(before: RosterEpoch)
        /// Epochs are used up: the call must end.
        case exhausted
    }

    private enum State: Sendable, Equatable {
        case steady(RosterEpoch)
        case rotating(to: RosterEpoch, waitingFor: Set<MemberID>)
        case exhausted
    }

    /// 16 bits of a key id.
    private static let epochMax = RosterEpoch(UInt64(UInt16.max))

    private var state: State
    private var participants: Set<MemberID>

    /// A call between us and `participants`, whose keys of `epoch` came with the signalling.
    package init(participants: Set<MemberID>, epoch: RosterEpoch = RosterEpoch(1)) {
        state = .steady(epoch)
        self.participants = participants
    }

    /// Takes an event. What comes back is to be done by the shell, first things first.
    package mutating func receive(_ event: Event) -> [Action] {
        switch (state, event) {
        case (.steady(let epoch), .joined(let member)), (.rotating(let epoch, _), .joined(let member)):  // KR-1
            guard participants.insert(member).inserted else { return [] }
            return rotate(from: epoch)
        case (.steady(let epoch), .left(let member)), (.rotating(let epoch, _), .left(let member)):
            // KR-2: who leaves meanwhile may have got the new key already, so each leaving starts another.
            guard participants.remove(member) != nil else { return [] }
            return rotate(from: epoch)
        case (.steady(let epoch), .restarted), (.rotating(let epoch, _), .restarted):  // KR-3: counters never restart.
            return rotate(from: epoch)
        case (.rotating(let epoch, var waiting), .acknowledged(let acknowledged, let member))
        where acknowledged == epoch:  // KR-4
            waiting.remove(member)
            if waiting.isEmpty { return settle(epoch) }
            state = .rotating(to: epoch, waitingFor: waiting)
            return []
        case (.rotating(let epoch, _), .timerFired(let fired)) where fired == epoch:  // KR-5
            return settle(epoch)
        case (.steady, .acknowledged), (.rotating, .acknowledged), (.steady, .timerFired),
            (.rotating, .timerFired):  // KR-6: late or repeated, so harmless.
            return []
        case (.exhausted, _):  // KR-7
            return []
        }
    }

    private mutating func rotate(from epoch: RosterEpoch) -> [Action] {
        guard epoch < Self.epochMax else {
            state = .exhausted
            return [.exhausted]
        }
        if participants.isEmpty { return settle(epoch.next) }
        state = .rotating(to: epoch.next, waitingFor: participants)
        return [
            .distribute(epoch.next, to: participants.sorted()), .startTimer(epoch.next, after: Self.patience),
        ]
    }

    private mutating func settle(_ epoch: RosterEpoch) -> [Action] {
        state = .steady(epoch)
        return [.use(epoch), .retireKeys(before: epoch)]
    }
}
