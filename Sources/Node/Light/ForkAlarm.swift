package import Consensus
import Crypto
import Primitives
package import Wire

/// Two final records of one height: proof that validators have split the ledger, for whoever must decide what to do.
/// `{v, first, votes, second}`: both records with their finality proofs, and each validator's two votes that exclude
/// each other, as far as the proofs hold them.
package struct ForkAlarm: WireObject, Hashable {
    package static let version: UInt64 = 1

    /// Two votes of one validator that no honest validator casts: `[vote, vote]`.
    package struct Contradiction: WireObject, Hashable {
        package let first: Vote
        package let second: Vote

        package init(first: Vote, second: Vote) {
            self.first = first
            self.second = second
        }

        package init(from reader: inout CBORReader) throws(WireError) {
            let start = reader.offset
            guard try reader.arrayHeader(max: 2) == 2 else { throw .unexpectedType(at: start) }
            first = try Vote(from: &reader)
            second = try Vote(from: &reader)
            reader.leave()
            guard first.signer == second.signer, first.ballot.conflicts(with: second.ballot) else {
                throw .badValue(field: "votes")
            }
        }

        package func encode(into writer: inout CBORWriter) {
            writer.arrayHeader(count: 2)
            first.encode(into: &writer)
            second.encode(into: &writer)
        }
    }

    package let first: ProvenRecord
    package let second: ProvenRecord
    /// One for each validator, in the order of epochs and seats.
    package let votes: [Contradiction]

    package init(_ first: ProvenRecord, _ second: ProvenRecord, votes: [Contradiction]) {
        self.first = first
        self.second = second
        self.votes = votes
    }

    init(_ first: ProvenRecord, _ second: ProvenRecord, in context: VotingContext) {
        self.init(
            first, second, votes: Self.contradictions(first.finality, second.finality, in: context))
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 4)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("first")
        first = try ProvenRecord(from: &reader)
        try reader.key("votes")
        votes = try reader.array(max: SeatSet.countMax) { inner throws(WireError) in try Contradiction(from: &inner) }
        try reader.key("second")
        second = try ProvenRecord(from: &reader)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 4)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("first")
        first.encode(into: &writer)
        writer.key("votes")
        writer.array(votes) { $1.encode(into: &$0) }
        writer.key("second")
        second.encode(into: &writer)
    }

    // MARK: Evidence

    /// Why two finality proofs of different blocks hold a guilty vote of more than a third of the set: the finalization
    /// of the lower view, h at v, meets the other chain where that passes v. It passes it with a block of view v, which
    /// was notarized there and is not h, or without one, and then v was nullified. Whoever signed that and the
    /// finalization has contradicted itself; both are quorums. The certificates travel in the headers of the proofs,
    /// as far as these reach down, so the proofs are best taken at the first height where the chains differ.
    private static func contradictions(
        _ first: FinalityProof, _ second: FinalityProof, in context: VotingContext
    ) -> [Contradiction] {
        let others = Dictionary(grouping: second.certificates) { Place($0.ballot) }
        var found: [Voter: Contradiction] = [:]
        for one in first.certificates {
            for other in others[Place(one.ballot)] ?? [] where one.ballot.conflicts(with: other.ballot) {
                for seat in one.signers.seats where other.signers.contains(seat) {
                    let voter = Voter(epoch: one.ballot.epoch, seat: seat)
                    guard found[voter] == nil, let mine = one.vote(of: seat), let its = other.vote(of: seat),
                        isSigned(mine, in: context), isSigned(its, in: context)
                    else { continue }
                    found[voter] = Contradiction(first: mine, second: its)
                }
            }
        }
        return found.sorted { $0.key < $1.key }.prefix(SeatSet.countMax).map(\.value)
    }

    private static func isSigned(_ vote: Vote, in context: VotingContext) -> Bool {
        SignatureVerifier().verified(vote, in: context) != nil
    }

    private struct Place: Hashable {
        let epoch: ValidatorEpoch
        let view: View

        init(_ ballot: Ballot) {
            epoch = ballot.epoch
            view = ballot.view
        }
    }

    private struct Voter: Hashable, Comparable {
        let epoch: ValidatorEpoch
        let seat: Seat

        static func < (left: Voter, right: Voter) -> Bool { (left.epoch, left.seat) < (right.epoch, right.seat) }
    }
}

extension FinalityProof {
    /// Every certificate in it, the finalization first, then what the headers carry.
    fileprivate var certificates: [Certificate] {
        switch self {
        case .simplex(let proof): [proof.finalization] + proof.headers.flatMap(\.justification.certificates)
        }
    }
}

extension Certificate {
    /// One signer's vote; nil when the seat has not signed.
    fileprivate func vote(of seat: Seat) -> Vote? {
        guard let place = signers.seats.firstIndex(of: seat), signatures.indices.contains(place) else { return nil }
        return Vote(ballot: ballot, signer: seat, signature: signatures[place])
    }
}
