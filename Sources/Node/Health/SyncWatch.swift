import Consensus
import EventLoop
import Links
package import Primitives

/// Who was asked for blocks and has not answered. An honest node answers at once, if only that it has none; so silence
/// over a link that stands is no accident. A value without a clock.
package struct SyncWatch: Sendable, Equatable {
    static let peersMax = 256

    private let patience: Duration
    private var asked: [MemberID: Duration] = [:]
    /// Who was asked for a block that is final and did not have it, since somebody last gave one.
    package private(set) var denials: Set<MemberID> = []

    /// - Parameter patience: how long a question may be open.
    package init(patience: Duration = PeerConduct.Limits().answerTime) { self.patience = patience }

    /// A question went out; the oldest one that is open counts.
    package mutating func ask(_ member: MemberID, at now: Duration) {
        guard asked[member] == nil, asked.count < Self.peersMax else { return }
        asked[member] = now
    }

    /// Something came in answer.
    package mutating func answered(_ member: MemberID) { asked[member] = nil }

    /// An answer held blocks, or none although one is missing here that is final.
    package mutating func gave(_ blocks: Int, _ member: MemberID, isMissing: Bool) {
        if blocks > 0 { return denials = [] }
        if isMissing, denials.count < Self.peersMax { denials.insert(member) }
    }

    /// Those whose time is over, in order; each is named once for a question.
    package mutating func overdue(at now: Duration) -> [MemberID] {
        let late = asked.filter { now - $0.value > patience }.keys.sorted()
        for member in late { asked[member] = nil }
        return late
    }
}

/// Whose message is being taken, and who owes an answer. Part of the chain's actor.
struct Speakers: Sendable {
    /// Views that a vote may be ahead of the own one: more than the engine looks at. Nobody honest votes in a view
    /// without the certificate that opens it, which is sent before the vote.
    static let viewsAheadMax: UInt64 = 96

    var current: MemberID?
    /// What is being taken is an answer: a bad signature in it is a claim to a height without its proof.
    private(set) var isAnswering = false
    var sync = SyncWatch()

    mutating func answered(_ member: MemberID) {
        sync.answered(member)
        isAnswering = true
    }

    mutating func began(with member: MemberID) {
        current = member
        isAnswering = false
    }
}

extension ChainActor {
    /// The peer whose message is being taken did what an honest one does not.
    func blame(_ offence: Offence) {
        count { $0.refusedMessages += 1 }
        guard let speaker = speakers.current else { return }
        let isClaim = offence == .badSignature && speakers.isAnswering
        network.report(speaker, isClaim ? .falseHeight : offence)
    }

    /// What its signers did not sign; or, of an epoch whose validators are not known here yet, nobody can tell.
    func blameUnsigned(_ epoch: ValidatorEpoch) {
        guard context.validators(of: epoch) != nil else { return count { $0.refusedMessages += 1 } }
        blame(.badSignature)
    }

    func blameIfAhead(_ vote: Vote) {
        guard vote.view.rawValue > engine.view.rawValue + Speakers.viewsAheadMax else { return }
        blame(.futureView)
    }

    /// How long peers may take to answer; before the chain starts.
    func watchAnswers(within time: Duration) { speakers.sync = SyncWatch(patience: time) }

    /// A question for blocks goes out; those who were asked long ago and are silent are named.
    func noteQuestion(_ request: CatchUpRequest, to peer: MemberID) {
        let now = SystemTime.monotonic
        for late in speakers.sync.overdue(at: now) { network.report(late, .stalledSync) }
        switch request {
        case .block, .finalised: speakers.sync.ask(peer, at: now)
        case .certificates: break  // Answered by the certificates themselves, if there are any.
        }
    }
}
