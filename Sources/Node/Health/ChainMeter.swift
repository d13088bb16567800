import Consensus
import EventLoop
import Ledger
import Primitives

/// One thing that the chain's thread has measured.
package enum ChainMeasure: Sendable, Equatable {
    /// A write was made durable.
    case synced(Duration)
    /// From a proposal's arrival to its notarization, and to its finalization.
    case notarized(Duration)
    case finalized(Duration)
    /// A transaction was refused at the door; the reason is a word of the program.
    case refused(String)
}

/// What the chain notes of itself for operators: times, what waits since when, who signed twice. Part of the chain's
/// actor; nothing that is decided depends on it.
struct ChainMeter: Sendable {
    /// Views whose proposal's arrival is remembered; the lowest go first.
    static let viewsMax = 64

    /// Called on the chain's thread; must return at once.
    var sink: (@Sendable (ChainMeasure) -> Void)?
    private var proposals: [View: Duration] = [:]
    /// Since when something waits for finality; nil while nothing does.
    private(set) var waitingSince: Duration?
    /// Seats that signed what excludes each other.
    private(set) var liars: Set<Seat> = []
    /// Own clock less the proposer's, in milliseconds, when the last proposal of a live view came.
    private(set) var skewMilliseconds: Int64?
    /// Why the store cannot be used any more.
    var failure: ChainStoreError?

    /// A proposal of this view has come, or was made here.
    mutating func proposed(_ view: View, at now: Duration = SystemTime.monotonic) {
        guard proposals[view] == nil else { return }
        if proposals.count >= Self.viewsMax, let lowest = proposals.keys.min() { proposals[lowest] = nil }
        proposals[view] = now
    }

    /// The view before `view` was ended by a notarization.
    func notarized(before view: View, at now: Duration = SystemTime.monotonic) {
        if let began = view.previous.flatMap({ proposals[$0] }) { sink?(.notarized(now - began)) }
    }

    /// A block of this view is final.
    mutating func finalised(_ view: View, at now: Duration = SystemTime.monotonic) {
        if let began = proposals[view] { sink?(.finalized(now - began)) }
        proposals = proposals.filter { $0.key > view }
        if waitingSince != nil { waitingSince = now }
    }

    /// Whether something waits for finality now.
    mutating func waits(_ isWaiting: Bool, at now: Duration = SystemTime.monotonic) {
        waitingSince = isWaiting ? waitingSince ?? now : nil
    }

    mutating func skewed(by time: Timestamp, at now: Timestamp = SystemTime.utc) {
        skewMilliseconds = Int64(clamping: now.rawValue) - Int64(clamping: time.rawValue)
    }

    mutating func caught(_ seat: Seat) { liars.insert(seat) }

    func synced(_ duration: Duration) { sink?(.synced(duration)) }
    func refused(_ error: SubmitError) { sink?(.refused(error.reason)) }
}

extension SubmitError {
    /// One word for a metric's label.
    package var reason: String {
        switch self {
        case .faulty(let fault): fault.reason
        case .failing: "would_fail"
        case .busy: "full"
        case .dropped: "dropped"
        case .timedOut: "timed_out"
        case .tooManyWaiting: "too_many_waiting"
        case .stopped: "stopped"
        }
    }
}

extension TransactionFault {
    fileprivate var reason: String {
        switch self {
        case .tooLong: "too_long"
        case .malformed: "malformed"
        case .overLimit: "over_limit"
        case .otherChain: "other_chain"
        case .badSignature: "bad_signature"
        case .expired: "expired"
        case .tooFarAhead: "too_far_ahead"
        case .alreadyIncluded: "already_included"
        }
    }
}
