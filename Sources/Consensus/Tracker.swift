import Primitives
import Wire

/// Counts votes, makes certificates of them and keeps those that are still needed. Knows nothing of blocks or timers.
///
/// Per view and seat it holds at most one vote of each kind: a second, different one is reported and left out, so a
/// lying validator cannot make the table grow. Adding a vote costs the same whatever the number of views.
struct Tracker: Sendable, Equatable {
    /// What one seat said in one view.
    private struct Ballots: Sendable, Equatable {
        var notarize: Vote?
        var nullify: Vote?
        var finalize: Vote?
        var isReported = false

        func vote(_ kind: Ballot.Kind) -> Vote? {
            switch kind {
            case .notarize: notarize
            case .nullify: nullify
            case .finalize: finalize
            }
        }

        mutating func set(_ vote: Vote) {
            switch vote.ballot.kind {
            case .notarize: notarize = vote
            case .nullify: nullify = vote
            case .finalize: finalize = vote
            }
        }

        func conflict(with vote: Vote) -> Vote? {
            [notarize, nullify, finalize].compactMap(\.self).first { $0.ballot.conflicts(with: vote.ballot) }
        }
    }

    private struct Tally: Sendable, Equatable {
        var seats: [Ballots]
        var counted: [Ballot: SeatSet] = [:]
    }

    /// What a vote changed.
    enum Outcome: Sendable, Equatable {
        /// Known already, or outside the window.
        case nothing
        case counted
        case certified(Certificate)
        case conflicting(Vote, Vote)
    }

    enum Parent: Sendable, Equatable {
        case found(BlockReference, Certificate?)
        /// Whether this view was notarized or nullified is not known here.
        case unknown(View)
    }

    private let validators: ValidatorSet
    private let limits: Limits
    private let start: View
    private var tallies: [View: Tally] = [:]
    private var notarizations: [View: Certificate] = [:]
    private var nullifications: [View: Certificate] = [:]
    /// The newest finalization seen, whether its block is here or not.
    private(set) var finalization: Certificate?
    /// The highest notarized view.
    private(set) var notarized: BlockReference
    /// The last finalised block.
    private(set) var floor: BlockReference
    private var floorCertificate: Certificate?
    /// Per seat, the highest view of which this validator knows a vote of it.
    private var lastHeard: [View]

    init(validators: ValidatorSet, head: FinalisedHead, start: View, limits: Limits) {
        self.validators = validators
        self.limits = limits
        self.start = start
        floor = head.block
        notarized = head.block
        floorCertificate = head.finalization
        // S-14: the one that sealed the validator epoch before carries the first block of this one, and says nothing of
        // this one's views.
        finalization = head.finalization.flatMap { $0.ballot.epoch == validators.epoch ? $0 : nil }
        lastHeard = Array(repeating: start, count: validators.count)
    }

    /// Views of which votes or certificates are held.
    var viewCount: Int { max(tallies.count, notarizations.count, nullifications.count) }

    // MARK: Votes

    /// Counts one vote, seen from view `current`.
    mutating func add(_ vote: Vote, in current: View) -> Outcome {
        guard vote.ballot.epoch == validators.epoch, vote.signer.index < validators.count else { return .nothing }
        lastHeard[vote.signer.index] = max(lastHeard[vote.signer.index], min(vote.view, current))
        guard isInWindow(vote.view, of: current) else { return .nothing }
        let index = vote.signer.index
        if tallies[vote.view] == nil {
            tallies[vote.view] = Tally(seats: Array(repeating: Ballots(), count: validators.count))
        }
        let known = tallies[vote.view]?.seats[index] ?? Ballots()
        let conflict = known.isReported ? nil : known.conflict(with: vote)
        if conflict != nil { tallies[vote.view]?.seats[index].isReported = true }
        guard known.vote(vote.ballot.kind) == nil else { return conflict.map { .conflicting($0, vote) } ?? .nothing }
        tallies[vote.view]?.seats[index].set(vote)
        _ = tallies[vote.view]?.counted[vote.ballot, default: SeatSet()].insert(vote.signer)
        if let certificate = certificate(for: vote.ballot) { return .certified(certificate) }
        return conflict.map { .conflicting($0, vote) } ?? .counted
    }

    /// Whether counting this vote could change anything here.
    func isNews(_ vote: Vote, in current: View) -> Bool {
        guard vote.ballot.epoch == validators.epoch, vote.signer.index < validators.count else { return false }
        if lastHeard[vote.signer.index].rawValue + UInt64(validators.count) < min(vote.view, current).rawValue {
            return true
        }
        guard isInWindow(vote.view, of: current) else { return false }
        let known = tallies[vote.view]?.seats[vote.signer.index] ?? Ballots()
        if !known.isReported, known.conflict(with: vote) != nil { return true }
        return known.vote(vote.ballot.kind) == nil && !isCertified(vote.ballot)
    }

    private func isInWindow(_ view: View, of current: View) -> Bool {
        view > floor.view && view.rawValue + limits.viewsBehind >= current.rawValue
            && view.rawValue <= current.rawValue + limits.viewsAhead
    }

    private func isCertified(_ ballot: Ballot) -> Bool {
        switch ballot.kind {
        case .notarize: notarizations[ballot.view] != nil
        case .nullify: nullifications[ballot.view] != nil
        case .finalize: ballot.view <= finalization?.view ?? .zero
        }
    }

    private func certificate(for ballot: Ballot) -> Certificate? {
        guard let tally = tallies[ballot.view], let signers = tally.counted[ballot],
            signers.count >= validators.quorum, !isCertified(ballot)
        else { return nil }
        let signatures = signers.seats.compactMap { tally.seats[$0.index].vote(ballot.kind)?.signature }
        return Certificate(ballot: ballot, signers: signers, signatures: signatures)
    }

    /// How many gave up on `view`.
    func nullifyCount(in view: View) -> Int {
        let ballot = Ballot(kind: .nullify, epoch: validators.epoch, view: view, hash: .zero)
        return tallies[view]?.counted[ballot]?.count ?? 0
    }

    /// The seats of which no vote of `view` is known, ascending.
    func missing(in view: View) -> [Seat] {
        let heard = tallies[view]?.seats
        return (0..<validators.count).filter { index in
            guard let ballots = heard?[index] else { return true }
            return Ballot.Kind.allCases.allSatisfy { ballots.vote($0) == nil }
        }.map { Seat($0) }
    }

    /// The seats that cast this kind of vote in `view`, ascending; where they name several blocks, those of the block
    /// that most of them name.
    func voters(_ kind: Ballot.Kind, in view: View) -> [Seat] {
        let counted = tallies[view]?.counted.filter { $0.key.kind == kind } ?? [:]
        let most = counted.max { ($0.value.count, $1.key.hash) < ($1.value.count, $0.key.hash) }
        return most?.value.seats ?? []
    }

    /// The newest view of which a vote of `seat` is known; the view of the start when there is none.
    func lastHeard(of seat: Seat) -> View { lastHeard[seat.index] }

    /// Whether nothing of `seat` was seen in the last 2n views; never in the first 2n views, when nobody could
    /// be known.
    func isSilent(_ seat: Seat, in view: View) -> Bool {
        let span = 2 * UInt64(validators.count)
        return view.rawValue > start.rawValue + span && lastHeard[seat.index].rawValue + span < view.rawValue
    }

    // MARK: Certificates

    enum Addition: Sendable, Equatable {
        case known
        case added
        case addedOverLimit
        case contradicts(Certificate)
    }

    /// Keeps a certificate that is new and above the last finalised view.
    mutating func add(_ certificate: Certificate) -> Addition {
        guard certificate.ballot.epoch == validators.epoch, certificate.signers.count >= validators.quorum,
            let last = certificate.signers.last, last.index < validators.count
        else { return .known }
        if let other = contradiction(of: certificate) { return .contradicts(other) }
        guard certificate.view > floor.view, isNews(certificate) else { return .known }
        for seat in certificate.signers.seats { lastHeard[seat.index] = max(lastHeard[seat.index], certificate.view) }
        switch certificate.kind {
        case .notarize:
            notarizations[certificate.view] = certificate
            let block = BlockReference(view: certificate.view, hash: certificate.hash)
            if block.view > notarized.view { notarized = block }
        case .nullify: nullifications[certificate.view] = certificate
        case .finalize:
            if certificate.view > finalization?.view ?? .zero { finalization = certificate }
        }
        return forgetLowest() ? .addedOverLimit : .added
    }

    /// Whether this certificate is above the last finalised view and not known.
    func isNews(_ certificate: Certificate) -> Bool {
        guard certificate.view > floor.view else { return false }
        switch certificate.kind {
        case .notarize: return notarizations[certificate.view] == nil
        case .nullify: return nullifications[certificate.view] == nil
        case .finalize: return certificate.ballot != finalization?.ballot
        }
    }

    private func contradiction(of certificate: Certificate) -> Certificate? {
        let known = [notarizations[certificate.view], nullifications[certificate.view], finalization, floorCertificate]
        return known.compactMap(\.self).first { $0.ballot.conflicts(with: certificate.ballot) }
    }

    func notarization(of view: View) -> Certificate? { notarizations[view] }
    func nullification(of view: View) -> Certificate? { nullifications[view] }

    /// What a leader of `view` must build on: the highest notarized block below, if every view between was nullified.
    func parent(below view: View) -> Parent {
        var cursor = view
        while let below = cursor.previous, below > floor.view {
            if let certificate = notarizations[below] {
                return .found(BlockReference(view: below, hash: certificate.hash), certificate)
            }
            guard nullifications[below] != nil else { return .unknown(below) }
            cursor = below
        }
        return .found(floor, floorCertificate)
    }

    /// The nullifications that travel with a block of `view` on a parent of view `parent`.
    func carried(from parent: View, to view: View) -> [Certificate] {
        Justification.carriedViews(from: parent, to: view).compactMap { nullifications[View($0)] }
    }

    /// The highest view between `parent` and `view` of which no nullification is known; nil when all are.
    func unknownNullification(from parent: View, to view: View) -> View? {
        var cursor = view
        while let below = cursor.previous, below > max(parent, floor.view) {
            if nullifications[below] == nil { return below }
            cursor = below
        }
        return nil
    }

    /// At most `limit` certificates of views above `view`: the newest finalization, then the rest, oldest first.
    func certificates(after view: View, limit: Int) -> [Certificate] {
        var output: [Certificate] = []
        if let finalization, finalization.view > view { output.append(finalization) }
        let views = Set(notarizations.keys).union(nullifications.keys).filter { $0 > view }.sorted()
        for view in views.prefix(limit) {
            if let certificate = notarizations[view] { output.append(certificate) }
            if let certificate = nullifications[view] { output.append(certificate) }
        }
        return Array(output.prefix(limit))
    }

    /// Forgets what lies at or below the new last finalised block.
    mutating func finalised(_ certificate: Certificate) {
        let old = floor.view.rawValue
        floor = BlockReference(view: certificate.view, hash: certificate.hash)
        floorCertificate = certificate
        if notarized.view < floor.view { notarized = floor }
        guard floor.view.rawValue > old + UInt64(viewCount) else {
            // Most of the time a few views, and what lies above them need not be looked at.
            for view in old..<max(old, floor.view.rawValue) { forget(View(view).next) }
            return
        }
        for view in Set(tallies.keys).union(notarizations.keys).union(nullifications.keys) where view <= floor.view {
            forget(view)
        }
    }

    private mutating func forget(_ view: View) {
        tallies[view] = nil
        notarizations[view] = nil
        nullifications[view] = nil
    }

    /// Forgets the tallies of views that lie too far back to be voted in.
    mutating func entered(_ view: View) {
        let oldest = view.rawValue - min(view.rawValue, limits.viewsBehind + 1)
        tallies[View(oldest)] = nil
        guard tallies.count > Int(limits.viewsBehind + limits.viewsAhead) else { return }
        for old in tallies.keys where old.rawValue < oldest { tallies[old] = nil }
    }

    private mutating func forgetLowest() -> Bool {
        guard max(notarizations.count, nullifications.count) > limits.certifiedViewsMax else { return false }
        let lowest = Set(notarizations.keys).union(nullifications.keys).min()
        if let lowest {
            notarizations[lowest] = nil
            nullifications[lowest] = nil
        }
        return true
    }
}
