package import Primitives

/// Collects members' evaluations of one request until the threshold is reached, then gives what the whole key would
/// have given. Each evaluation is checked as it comes, so a bad one is refused, and its member named, before it can
/// spoil the result; the members left still suffice.
package struct ThresholdCombiner: Sendable {
    private let keys: ThresholdPublicKeys
    private let inputs: [GroupElement]
    /// Checked evaluations, at most the threshold.
    private var evaluations: [PartialEvaluation] = []

    /// `inputs` are the elements that the members were asked, or had to compute, in order.
    /// - Throws: `RistrettoError.badElementCount`.
    package init(_ keys: ThresholdPublicKeys, inputs: [GroupElement]) throws(RistrettoError) {
        guard (1...PartialEvaluation.elementCountMax).contains(inputs.count) else { throw .badElementCount }
        self.keys = keys
        self.inputs = inputs
    }

    /// Members whose evaluation was taken, ascending.
    package var members: [Int] { evaluations.map(\.index).sorted() }
    package var isComplete: Bool { evaluations.count >= keys.threshold }

    /// Checks an evaluation and takes it; one beyond the threshold is checked and then dropped.
    /// - Throws: `RistrettoError.badShare(index:)` for an evaluation that its member's public share does not bear out;
    ///   `.wrongPurpose`, `.wrongSharingEpoch`, `.unknownMember`, `.duplicateShare` for one that does not belong here.
    package mutating func add(_ evaluation: PartialEvaluation) throws(RistrettoError) {
        guard evaluation.purpose == keys.purpose else { throw .wrongPurpose }
        guard evaluation.sharingEpoch == keys.sharingEpoch else { throw .wrongSharingEpoch }
        guard let publicShare = keys.share(of: evaluation.index) else { throw .unknownMember(index: evaluation.index) }
        guard !evaluations.contains(where: { $0.index == evaluation.index }) else {
            throw .duplicateShare(index: evaluation.index)
        }
        do {
            try RistrettoProof.verify(
                evaluation.proof, publicKey: publicShare, inputs: inputs, outputs: evaluation.elements,
                context: keys.purpose.proofContext)
        } catch {
            throw .badShare(index: evaluation.index)
        }
        if !isComplete { evaluations.append(evaluation) }
    }

    /// The key times each input, in order.
    /// - Throws: `RistrettoError.tooFewShares`.
    package func combined() throws(RistrettoError) -> [GroupElement] {
        guard isComplete else { throw .tooFewShares(have: evaluations.count, need: keys.threshold) }
        let weights = ThresholdLagrange.weights(at: 0, indices: evaluations.map(\.index))
        var results: [GroupElement] = []
        for position in inputs.indices {
            results.append(
                try GroupElement.combination(of: evaluations.map { $0.elements[position] }, weights: weights))
        }
        return results
    }
}
