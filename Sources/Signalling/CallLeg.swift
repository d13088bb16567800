package import Primitives

/// One call as one of its two sides sees it, from dialling or ringing to its end.
///
/// Pure: seals, signatures, sockets and media are the shell's. The shell reports only what it has opened and checked.
/// `SG-n` refers to the clauses in `Rules.md`.
package struct CallLeg: Sendable, Equatable {
    /// Which of the two sides this is.
    package enum Side: Sendable, Equatable { case caller, callee }

    package enum Timer: Hashable, Sendable { case ring, confirm, connect }

    package enum Event: Sendable, Equatable {
        /// The person dials; the invite is sealed and ready.
        case dialled
        /// A sealed invite was opened, its signature and age hold, and it was not seen before.
        case invited
        /// The callee's device rings.
        case ringing
        /// The callee's reveal arrived, and certificate, binding and roster hold.
        case accepted
        /// The caller's reveal arrived, and certificate, binding, roster and SAS commitment hold.
        case confirmed
        /// Something of the other side did not hold.
        case refused(EndReason)
        /// The other side ended the call.
        case peerEnded(EndReason)
        /// The person here accepts.
        case acceptedHere
        /// The person here declines, cancels or hangs up.
        case endedHere(EndReason)
        /// An invite of the very member we are dialling, with this call id.
        case crossed(CallID)
        /// ICE and DTLS are up and the certificate seen is the one that was signed.
        case connected
        /// ICE or DTLS failed, or the certificate was another.
        case transportFailed(EndReason)
        /// The path is gone; `canRestart` while the agent may try again.
        case pathLost(canRestart: Bool)
        case timerFired(Timer)
    }

    package enum Action: Sendable, Equatable {
        case sendInvite
        case sendRinging
        /// Sends the callee's reveal; only now may its candidates leave the device (SG-4).
        case sendAccept
        case sendConfirm
        case sendEnd(EndReason)
        case startTransport
        case restartTransport
        case stopTransport
        /// Media may flow, both ways.
        case startMedia
        case startTimer(Timer, after: Duration)
        case cancelTimer(Timer)
        case report(Notice)
    }

    /// What the person should know.
    package enum Notice: Sendable, Equatable {
        case calling
        case ringingThere
        case incoming
        /// Compare these with the other person: both sides know both nonces now.
        case shortAuthenticationReady
        case inCall
        case reconnecting
        case ended(EndReason)
    }

    private enum State: Sendable, Equatable {
        case idle
        /// Caller: the invite is out; `rang` when the other device said so.
        case inviting(rang: Bool)
        /// Callee: rings.
        case ringing
        /// Callee: accepted, waits for the caller's reveal.
        case confirming
        /// Both know everything; ICE and DTLS run.
        case connecting
        case active
        /// A path was lost and is being looked for again.
        case restarting
        case ended(EndReason)
    }

    package let call: CallID
    package let side: Side
    private let limits: Limits
    private var state = State.idle

    package init(call: CallID, side: Side, limits: Limits = Limits()) {
        self.call = call
        self.side = side
        self.limits = limits
    }

    /// Why the call is over, when it is.
    package var endReason: EndReason? {
        guard case .ended(let reason) = state else { return nil }
        return reason
    }

    package var isActive: Bool { state == .active }

    /// Takes an event. What comes back is to be done by the shell, first things first.
    package mutating func receive(_ event: Event) -> [Action] {
        switch (state, event) {
        case (.idle, .dialled) where side == .caller:  // SG-1
            state = .inviting(rang: false)
            return [.sendInvite, .startTimer(.ring, after: limits.ring), .report(.calling)]
        case (.idle, .invited) where side == .callee:  // SG-2: an invite grants ringing and nothing else.
            state = .ringing
            return [.sendRinging, .startTimer(.ring, after: limits.ring), .report(.incoming)]
        case (.inviting(rang: false), .ringing):  // SG-3
            state = .inviting(rang: true)
            return [.report(.ringingThere)]
        case (.ringing, .acceptedHere):  // SG-4: candidates leave with the accept, never before.
            state = .confirming
            return [.cancelTimer(.ring), .sendAccept, .startTimer(.confirm, after: limits.confirm)]
        case (.inviting, .accepted):  // SG-5
            state = .connecting
            return [
                .cancelTimer(.ring), .sendConfirm, .report(.shortAuthenticationReady), .startTransport,
                .startTimer(.connect, after: limits.connect),
            ]
        case (.confirming, .confirmed):  // SG-6
            state = .connecting
            return [
                .cancelTimer(.confirm), .report(.shortAuthenticationReady), .startTransport,
                .startTimer(.connect, after: limits.connect),
            ]
        case (.connecting, .connected), (.restarting, .connected):  // SG-7
            state = .active
            return [.cancelTimer(.connect), .startMedia, .report(.inCall)]
        case (.active, .pathLost(canRestart: true)):  // SG-8
            state = .restarting
            return [.restartTransport, .startTimer(.connect, after: limits.connect), .report(.reconnecting)]
        case (.active, .pathLost(canRestart: false)), (.restarting, .pathLost(canRestart: false)):  // SG-8
            return end(.pathLost, tellingPeer: true)
        case (.connecting, .pathLost):  // SG-9: not up yet, so there is nothing to restart.
            return end(.noPath, tellingPeer: true)
        case (.connecting, .transportFailed(let reason)), (.restarting, .transportFailed(let reason)),
            (.active, .transportFailed(let reason)):  // SG-9
            return end(reason, tellingPeer: true)
        case (.inviting, .crossed(let other)):  // SG-10: glare. The lower call id goes on.
            return call < other ? [] : end(.glare, tellingPeer: true)
        case (.idle, .endedHere(let reason)):  // SG-11: nothing was sent yet.
            return end(reason, tellingPeer: false)
        case (.inviting, .endedHere(let reason)), (.ringing, .endedHere(let reason)),
            (.confirming, .endedHere(let reason)), (.connecting, .endedHere(let reason)),
            (.active, .endedHere(let reason)), (.restarting, .endedHere(let reason)):  // SG-11
            return end(reason, tellingPeer: true)
        case (.inviting, .peerEnded(let reason)), (.ringing, .peerEnded(let reason)),
            (.confirming, .peerEnded(let reason)), (.connecting, .peerEnded(let reason)),
            (.active, .peerEnded(let reason)), (.restarting, .peerEnded(let reason)):  // SG-12
            return end(reason, tellingPeer: false)
        case (.idle, .refused(let reason)):  // SG-13: nobody to tell: the number or its home was not found.
            return end(reason, tellingPeer: false)
        case (.inviting, .refused(let reason)), (.ringing, .refused(let reason)), (.confirming, .refused(let reason)),
            (.connecting, .refused(let reason)), (.active, .refused(let reason)),
            (.restarting, .refused(let reason)):  // SG-13
            return end(reason, tellingPeer: true)
        case (.inviting, .timerFired(.ring)), (.ringing, .timerFired(.ring)):  // SG-14
            return end(.notAnswered, tellingPeer: true)
        case (.confirming, .timerFired(.confirm)):  // SG-14
            return end(.notConfirmed, tellingPeer: true)
        case (.connecting, .timerFired(.connect)):  // SG-14
            return end(.noPath, tellingPeer: true)
        case (.restarting, .timerFired(.connect)):  // SG-14
            return end(.pathLost, tellingPeer: true)
        case (.idle, _), (.inviting, _), (.ringing, _), (.confirming, _), (.connecting, _), (.active, _),
            (.restarting, _), (.ended, _):  // SG-15: late, repeated, or not for this side and state: harmless.
            return []
        }
    }

    private mutating func end(_ reason: EndReason, tellingPeer: Bool) -> [Action] {
        let timers = runningTimers.map { Action.cancelTimer($0) }
        let transport: [Action] = hasTransport ? [.stopTransport] : []
        state = .ended(reason)
        return timers + (tellingPeer ? [.sendEnd(reason)] : []) + transport + [.report(.ended(reason))]
    }

    private var runningTimers: [Timer] {
        switch state {
        case .inviting, .ringing: [.ring]
        case .confirming: [.confirm]
        case .connecting, .restarting: [.connect]
        case .idle, .active, .ended: []
        }
    }

    private var hasTransport: Bool {
        switch state {
        case .connecting, .active, .restarting: true
        case .idle, .inviting, .ringing, .confirming, .ended: false
        }
    }
}
