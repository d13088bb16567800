import Consensus
import Crypto
package import Ledger
import Primitives
package import Wire

/// Two final records of one height: proof that validators have split the ledger, for whoever must decide what to do.
/// `{v, first, second, evidence}`: both records with their finality proofs, and for each validator the two votes that
/// exclude each other, as far as the proofs hold them. The ledger that goes on takes each as an `evidence` transaction.
package struct ForkAlarm: WireObject, Hashable {
    package static let version: UInt64 = 1

    package let first: ProvenRecord
    package let second: ProvenRecord
    /// One for each validator, in the order of epochs and seats.
    package let evidence: [Evidence]

    package init(_ first: ProvenRecord, _ second: ProvenRecord, evidence: [Evidence]) {
        self.first = first
        self.second = second
        self.evidence = evidence
    }

    init(_ first: ProvenRecord, _ second: ProvenRecord, in context: VotingContext) {
        self.init(
            first, second, evidence: Self.contradictions(first.finality, second.finality, in: context))
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 4)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("first")
        first = try ProvenRecord(from: &reader)
        try reader.key("second")
        second = try ProvenRecord(from: &reader)
        try reader.key("evidence")
        evidence = try reader.array(max: SeatSet.countMax) { inner throws(WireError) in try Evidence(from: &inner) }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 4)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("first")
        first.encode(into: &writer)
        writer.key("second")
        second.encode(into: &writer)
        writer.key("evidence")
        writer.array(evidence) { $1.encode(into: &$0) }
    }

    // MARK: Evidence

    /// Why two finality proofs of different blocks hold a guilty vote of more than a third of the set: the finalization
    /// of the lower view, h at v, meets the other chain where that passes v. It passes it with a block of view v, which
    /// was notarized there and is not h, or without one, and then v was nullified. Whoever signed that and the
    /// finalization has contradicted itself; both are quorums. The certificates travel in the headers of the proofs,
    /// as far as these reach down, so the proofs are best taken at the first height where the chains differ.
    private static func contradictions(
        _ first: FinalityProof, _ second: FinalityProof, in context: VotingContext
    ) -> [Evidence] {
        let others = Dictionary(grouping: second.certificates) { Place($0.ballot) }
        var found: [Voter: Evidence] = [:]
        for one in first.certificates {
            guard let set = context.validators(of: one.ballot.epoch) else { continue }
            for other in others[Place(one.ballot)] ?? [] where one.ballot.conflicts(with: other.ballot) {
                for seat in one.signers.seats where other.signers.contains(seat) {
                    let voter = Voter(epoch: one.ballot.epoch, seat: seat)
                    guard found[voter] == nil, let validator = set[seat], let mine = one.signed(by: seat),
                        let its = other.signed(by: seat),
                        let evidence = Evidence(
                            key: validator.key, chain: context.chain, epoch: one.ballot.epoch, view: one.ballot.view,
                            mine, its), SignatureVerifier().verified(evidence, in: context.chain) != nil
                    else { continue }
                    found[voter] = evidence
                }
            }
        }
        return found.sorted { $0.key < $1.key }.prefix(SeatSet.countMax).map(\.value)
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
    /// One signer's ballot and signature; nil when the seat has not signed.
    fileprivate func signed(by seat: Seat) -> Evidence.SignedBallot? {
        guard let place = signers.seats.firstIndex(of: seat), signatures.indices.contains(place) else { return nil }
        return Evidence.SignedBallot(ballot, signature: signatures[place])
    }
}
