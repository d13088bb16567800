import Consensus
import EventLoop
import Ledger
package import Primitives

/// How the chain stands, beyond `ChainStatus`: for metrics, and for whoever asks why it stands still.
package struct ChainHealth: Sendable {
    package let epoch: ValidatorEpoch
    /// Each validator with the newest view of which a vote of it is known here.
    package let lastVoted: [(member: MemberID, view: View)]
    /// Validators of which nothing was seen in the last 2n views, or, in a stall, in the view that stalls.
    package let missing: [MemberID]
    /// Validators seen to sign what excludes each other.
    package let liars: [MemberID]
    package let skewMilliseconds: Int64?
    package let statistics: ChainStatistics
    /// Nil while blocks become final, or nothing waits to.
    package let stall: Stall?
}

/// Why nothing becomes final, as far as this node can see. The words are made by `StallReport`.
package struct Stall: Sendable, Equatable {
    package enum Step: String, Sendable { case proposal, notarize, nullify, finalize, block }

    /// How long it lasts already.
    package var duration: Duration
    package var step: Step
    package var view: View
    package var leader: MemberID?
    package var voters: [MemberID]
    package var missing: [MemberID]
    package var quorum: Int
    package var viewsSince: UInt64
    /// This node is a validator and has stopped signing.
    package var isMuted: Bool
    /// Why the last vote was not signed; nil when it was.
    package var signerFault: SigningRefusal?
    package var failure: ChainStoreError?
    package var skewMilliseconds: Int64?
    /// The most that clocks may differ, in milliseconds.
    package var skewMax: UInt64
    /// Who was asked for the block that is awaited, and has it no more.
    package var denied: [MemberID]

    package init(
        duration: Duration, step: Step, view: View, leader: MemberID?, voters: [MemberID], missing: [MemberID],
        quorum: Int, viewsSince: UInt64, isMuted: Bool, signerFault: SigningRefusal?, failure: ChainStoreError?,
        skewMilliseconds: Int64?, skewMax: UInt64, denied: [MemberID] = []
    ) {
        self.duration = duration
        self.step = step
        self.view = view
        self.leader = leader
        self.voters = voters
        self.missing = missing
        self.quorum = quorum
        self.viewsSince = viewsSince
        self.isMuted = isMuted
        self.signerFault = signerFault
        self.failure = failure
        self.skewMilliseconds = skewMilliseconds
        self.skewMax = skewMax
        self.denied = denied
    }
}

extension ChainActor {
    /// Something that waits this long for finality stands still.
    private var patience: Duration { max(.seconds(2), .milliseconds(limits.delta * 10)) }

    /// How the chain stands now.
    package var health: ChainHealth {
        let stall = stall
        let silent = Set(engine.silent.compactMap { validators[$0]?.id } + (stall?.missing ?? []))
        return ChainHealth(
            epoch: validators.epoch,
            lastVoted: engine.lastVoted.enumerated().compactMap { index, view in
                validators[Seat(index)].map { ($0.id, view) }
            },
            missing: silent.subtracting([member]).sorted(),
            liars: meter.liars.sorted().compactMap { validators[$0]?.id }, skewMilliseconds: meter.skewMilliseconds,
            statistics: statistics, stall: stall)
    }

    /// Nil while blocks become final or nothing waits to.
    package var stall: Stall? {
        let now = SystemTime.monotonic
        let idleMax = Duration.milliseconds(limits.heartbeat * 3)
        var duration = now - finalisedAt
        if meter.failure == nil, duration <= idleMax {
            guard let since = meter.waitingSince, now - since > patience else { return nil }
            duration = now - since
        }
        let awaited = engine.awaited
        func members(_ seats: [Seat]) -> [MemberID] { seats.compactMap { validators[$0]?.id } }
        return Stall(
            duration: duration, step: Stall.Step(awaited.step), view: awaited.view,
            leader: validators[awaited.leader]?.id, voters: members(awaited.voters),
            missing: members(awaited.missing), quorum: awaited.quorum, viewsSince: awaited.viewsSince,
            isMuted: engine.isMuted, signerFault: signing.fault, failure: meter.failure,
            skewMilliseconds: meter.skewMilliseconds,
            skewMax: rules.genesis.limits.clockSkew,
            denied: awaited.step == .block ? speakers.sync.denials.sorted() : [])
    }

    /// Calls `sink` with everything measured from now on, on the chain's thread: it must return at once.
    package func measure(_ sink: @escaping @Sendable (ChainMeasure) -> Void) { meter.sink = sink }
}

extension Stall.Step {
    fileprivate init(_ step: Engine.Awaited.Step) {
        switch step {
        case .proposal: self = .proposal
        case .notarize: self = .notarize
        case .nullify: self = .nullify
        case .finalize: self = .finalize
        case .block: self = .block
        }
    }
}
