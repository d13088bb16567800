package import Primitives

/// What a peer did that an honest one does not, or not often.
package enum Offence: String, CaseIterable, Sendable {
    /// Something that cannot be read; a certificate in which a signer stands twice has no encoding, so it counts here.
    case malformed
    /// A vote, certificate or block that its signer did not sign.
    case badSignature = "bad_signature"
    /// A vote for a view to which no certificate known here leads: views are entered by certificates, and these are
    /// passed on before the vote.
    case futureView = "future_view"
    /// A block or certificate that claims more than its proof: a finalised height whose proof does not hold.
    case falseHeight = "false_height"
    /// Asked for blocks, it did not answer in time, not even that it has none.
    case stalledSync = "stalled_sync"
    /// More messages than agreeing can need.
    case flood

    /// How much it counts. At `PeerConduct.scoreMax` the peer is dropped.
    package var weight: Double {
        switch self {
        case .malformed, .flood: 100
        case .falseHeight: 50
        case .stalledSync: 40
        case .badSignature: 25
        case .futureView: 1
        }
    }
}

/// Decides when a peer is dropped, and for how long it stays away. A value without a clock: time comes in.
///
/// What a peer does wrong adds up and is forgiven at one point a second, so that a single fault of an older version
/// costs nothing, and one that goes on ends the link. Each drop within an hour of the one before doubles the
/// pause. Messages are counted against a rate, since a flood may consist of harmless ones.
package struct PeerConduct: Sendable, Equatable {
    /// Bounds and times.
    package struct Limits: Sendable, Equatable {
        /// Points at which a peer is dropped.
        package var scoreMax = 95.0
        /// Points forgiven in a second.
        package var forgivenPerSecond = 1.0
        /// Messages a second that one peer may send about consensus, and in one burst: agreeing takes some five a view,
        /// and the quickest networks have some hundred views a second.
        package var messagesPerSecond = 8_192.0
        package var messageBurst = 8_192.0
        package var pause = Duration.seconds(5)
        package var pauseMax = Duration.seconds(300)
        /// A question for blocks that is open for longer was not answered. A peer that has this much to send first may
        /// still be honest.
        package var answerTime = Duration.seconds(10)
        /// Peers remembered; the one with the oldest last offence goes first.
        package var peersMax = 1_024
        package init() {}
    }

    /// What follows from an offence.
    package enum Verdict: Sendable, Equatable {
        case borne
        /// The link is to be closed, and none to be made for this long.
        case drop(Offence, pause: Duration)
    }

    private struct Standing: Sendable, Equatable {
        var score = 0.0
        var spent = 0.0
        var lastAt: Duration
        var messagesAt: Duration
        var dropCount = 0
        var droppedAt: Duration?
        var pausedUntil: Duration?
    }

    private let limits: Limits
    private var standings: [MemberID: Standing] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// Takes note of an offence.
    package mutating func receive(_ offence: Offence, by member: MemberID, at now: Duration) -> Verdict {
        var standing = standing(of: member, at: now)
        defer { keep(standing, of: member) }
        let elapsed = seconds(now - standing.lastAt)
        standing.score = max(0, standing.score - elapsed * limits.forgivenPerSecond) + offence.weight
        standing.lastAt = now
        return judge(&standing, offence, at: now)
    }

    /// Takes note of messages that came about consensus.
    package mutating func heard(_ count: Int = 1, from member: MemberID, at now: Duration) -> Verdict {
        var standing = standing(of: member, at: now)
        defer { keep(standing, of: member) }
        let earned = seconds(now - standing.messagesAt) * limits.messagesPerSecond
        standing.spent = max(0, standing.spent - earned) + Double(count)
        standing.messagesAt = now
        guard standing.spent > limits.messageBurst else { return .borne }
        standing.spent = 0
        standing.score = limits.scoreMax
        standing.lastAt = now
        return judge(&standing, .flood, at: now)
    }

    /// Whether the peer was dropped and is to stay away still.
    package func isAway(_ member: MemberID, at now: Duration) -> Bool {
        standings[member]?.pausedUntil.map { now < $0 } ?? false
    }

    private func judge(_ standing: inout Standing, _ offence: Offence, at now: Duration) -> Verdict {
        guard standing.score >= limits.scoreMax else { return .borne }
        // What was on its way when the link was closed is no second reason.
        if let until = standing.pausedUntil, now < until { return .borne }
        if let before = standing.droppedAt, now - before > .seconds(3_600) { standing.dropCount = 0 }
        let pause = min(limits.pause * (1 << min(standing.dropCount, 16)), limits.pauseMax)
        standing.dropCount += 1
        standing.droppedAt = now
        standing.pausedUntil = now + pause
        standing.score = 0
        return .drop(offence, pause: pause)
    }

    private func standing(of member: MemberID, at now: Duration) -> Standing {
        standings[member] ?? Standing(lastAt: now, messagesAt: now)
    }

    private mutating func keep(_ standing: Standing, of member: MemberID) {
        standings[member] = standing
        guard standings.count > limits.peersMax else { return }
        let oldest = standings.min { ($0.value.lastAt, $0.key) < ($1.value.lastAt, $1.key) }
        if let oldest { standings[oldest.key] = nil }
    }

    private func seconds(_ duration: Duration) -> Double { max(0, duration / .seconds(1)) }
}
