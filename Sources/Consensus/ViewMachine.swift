import Primitives
import Wire

/// What one validator may sign in one view. Knows nothing of other views, of tallies or of parents; whoever drives it
/// says when a proposal may be judged.
///
/// The three ballots of a view exclude each other as `Rules.md` says: a finalize never follows a nullify, a nullify
/// never follows a finalize, and a finalize never names another block than the own notarize.
struct ViewMachine: Sendable, Equatable {
    enum Event: Sendable, Equatable {
        /// A block of this view's leader, with its parent certified.
        case proposed(Digest)
        /// The block was executed on its parent, with the justification complete.
        case judged(Digest, Engine.Verdict)
        /// A timer ran out, or f + 1 others gave up.
        case gaveUp
        /// A quorum notarized this block of this view.
        case notarized(Digest)
    }

    private enum State: Sendable, Equatable {
        /// No proposal yet.
        case waiting
        /// The first proposal is being checked.
        case judging(Digest)
        /// The first proposal was judged; no other one counts.
        case judged
    }

    /// The ballots this validator has cast in this view: never taken back.
    struct Signed: Sendable, Equatable {
        var notarized: Digest?
        var hasNullified = false
        var finalized: Digest?

        var isEmpty: Bool { notarized == nil && !hasNullified && finalized == nil }

        func holds(_ ballot: Ballot) -> Bool {
            switch ballot.kind {
            case .notarize: notarized == ballot.hash
            case .nullify: hasNullified
            case .finalize: finalized == ballot.hash
            }
        }
    }

    let epoch: ValidatorEpoch
    let view: View
    private(set) var signed: Signed
    private var state: State

    init(epoch: ValidatorEpoch, view: View) {
        self.epoch = epoch
        self.view = view
        signed = Signed()
        state = .waiting
    }

    /// Takes up a view in which these votes were cast before a restart.
    init(epoch: ValidatorEpoch, view: View, votes: [Vote]) {
        self.init(epoch: epoch, view: view)
        for vote in votes where vote.view == view {
            switch vote.ballot.kind {
            case .notarize: signed.notarized = vote.ballot.hash
            case .nullify: signed.hasNullified = true
            case .finalize: signed.finalized = vote.ballot.hash
            }
        }
        if signed.notarized != nil { state = .judged }
    }

    /// The proposal that waits for its verdict.
    var candidate: Digest? {
        if case .judging(let hash) = state { hash } else { nil }
    }

    /// Whether the leader has been heard.
    var hasProposal: Bool { state != .waiting }

    /// Takes one event and returns what is now to be signed.
    mutating func receive(_ event: Event) -> Ballot? {
        switch (state, event) {
        case (.waiting, .proposed(let hash)):  // S-3
            state = .judging(hash)
            return nil
        case (.judging, .proposed), (.judged, .proposed):  // S-3: only the first proposal of a view counts.
            return nil
        case (.judging(let candidate), .judged(let hash, let verdict)) where candidate == hash:  // S-3
            state = .judged
            return verdict == .valid ? notarize(hash) : nil
        case (_, .judged):  // S-3: of another block, or a second time.
            return nil
        case (_, .gaveUp):  // S-4
            return nullify()
        case (_, .notarized(let hash)):  // S-5
            return finalize(hash)
        }
    }

    private mutating func notarize(_ hash: Digest) -> Ballot? {
        guard signed.notarized == nil, signed.finalized == nil || signed.finalized == hash else { return nil }
        signed.notarized = hash
        return Ballot(kind: .notarize, epoch: epoch, view: view, hash: hash)
    }

    private mutating func nullify() -> Ballot? {
        guard !signed.hasNullified, signed.finalized == nil else { return nil }
        signed.hasNullified = true
        return Ballot(kind: .nullify, epoch: epoch, view: view, hash: .zero)
    }

    private mutating func finalize(_ hash: Digest) -> Ballot? {
        guard !signed.hasNullified, signed.finalized == nil, signed.notarized == nil || signed.notarized == hash else {
            return nil
        }
        signed.finalized = hash
        return Ballot(kind: .finalize, epoch: epoch, view: view, hash: hash)
    }
}
