package import Primitives
package import Wire

/// What one key has promised on one chain: the watermark of whoever holds the key, apart from the node's own memory
/// (``Guard``). A signer asks it before every vote and makes durable what it answers before the signature leaves.
///
/// Idea: a validator's votes have an order, first by validator epoch, then by view, and an honest engine never goes
/// back in it. So it is enough to remember the highest place signed at and the whole votes given there: what lies below
/// is refused, what lies there must be the same vote or one that it may stand beside, what lies above is new. Votes
/// below the watermark are kept for a while, only to be said again byte for byte. The clauses `SG-n` are those of
/// `Rules.md`.
package struct SigningGuard: Sendable, Equatable {
    /// Votes that are kept: more than an engine repeats.
    package static let promisesMax = 128

    /// When a vote is cast.
    package struct Place: Comparable, Hashable, Sendable {
        package let epoch: ValidatorEpoch
        package let view: View

        package init(epoch: ValidatorEpoch, view: View) {
            self.epoch = epoch
            self.view = view
        }

        package static func < (left: Place, right: Place) -> Bool {
            (left.epoch, left.view) < (right.epoch, right.view)
        }
    }

    /// A ballot and the key's signature on it.
    package struct Promise: Hashable, Sendable {
        package let ballot: Ballot
        package let signature: Signature

        package init(ballot: Ballot, signature: Signature) {
            self.ballot = ballot
            self.signature = signature
        }

        package var place: Place { ballot.place }
    }

    /// What a signer must do with a ballot.
    package enum Decision: Hashable, Sendable {
        /// Sign it, `keep` the promise, make that durable, then let the signature out.
        case sign
        /// It was signed: these are the bytes.
        case again(Signature)
        case refuse(Refusal)
    }

    package enum Refusal: Error, Hashable, Sendable {
        /// The key has signed later than this ballot, up to this place.
        case behind(Place)
        /// The key has signed this ballot, which excludes the one asked for.
        case contradicts(Ballot)
        /// No ballot that anybody casts.
        case malformed
    }

    /// In ascending order of their places.
    package private(set) var promises: [Promise] = []

    package init() {}

    /// The highest place signed at; nil for a key that never voted.
    package var watermark: Place? { promises.last?.place }

    /// What to do when asked to sign `ballot`.
    package func decide(_ ballot: Ballot) -> Decision {
        guard ballot.view > .zero else { return .refuse(.malformed) }
        if let known = promises.last(where: { $0.ballot == ballot }) { return .again(known.signature) }  // SG-1
        guard let watermark, ballot.place <= watermark else { return .sign }
        guard ballot.place == watermark else { return .refuse(.behind(watermark)) }  // SG-2
        let given = promises.last { $0.ballot.conflicts(with: ballot) }
        return given.map { .refuse(.contradicts($0.ballot)) } ?? .sign  // SG-3
    }

    /// Remembers what was signed, or what the key's own signature shows that it signed. What lies below the watermark
    /// adds nothing and is left out (SG-4).
    /// - Returns: whether it was new.
    @discardableResult
    package mutating func keep(_ promise: Promise) -> Bool {
        if let watermark, promise.place < watermark { return false }
        guard promise.ballot.view > .zero, !promises.contains(where: { $0.ballot == promise.ballot }) else {
            return false
        }
        promises.append(promise)
        if promises.count > Self.promisesMax { promises.removeFirst(promises.count - Self.promisesMax) }
        return true
    }
}

extension Ballot {
    /// When this ballot is cast.
    package var place: SigningGuard.Place { SigningGuard.Place(epoch: epoch, view: view) }

    /// Reads what was made by `body`; nil for another length, and for a nullify that names a block.
    package init?(_ kind: Kind, body: [UInt8]) {
        guard body.count == Self.byteCount, let hash = Digest(body[16...]) else { return nil }
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        guard kind != .nullify || hash == .zero else { return nil }
        self.init(
            kind: kind, epoch: ValidatorEpoch(number(body[0..<8])), view: View(number(body[8..<16])), hash: hash)
    }
}

extension Guard {
    /// The memory of the store and that of the signer, as one: either may have been lost or restored alone.
    package func joined(with promises: [SigningGuard.Promise], of seat: Seat, epoch: ValidatorEpoch) -> Guard {
        let known = Set(votes.map(\.ballot))
        let others = promises.filter { !known.contains($0.ballot) }
            .map { Vote(ballot: $0.ballot, signer: seat, signature: $0.signature) }
        return Guard(votes: votes + others, of: seat, epoch: epoch)
    }
}
