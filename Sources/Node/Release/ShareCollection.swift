package import Crypto
package import Primitives
package import Wire

/// What one validator answered.
package struct ValidatorAnswer: Equatable, Sendable {
    package let validator: MemberID
    /// `ReleaseAnswer`, as it came.
    package let bytes: [UInt8]

    package init(validator: MemberID, bytes: [UInt8]) {
        self.validator = validator
        self.bytes = bytes
    }
}

/// Reaches every validator with one signed request, directly or through a home node. Who does not answer is left out.
package protocol ShareAsking: Sendable {
    func ask(_ kind: ReleaseKind, _ request: SignedObject) async -> [ValidatorAnswer]
}

/// Fewer validators released a share than are needed. Who did what else.
package struct SharesMissing: Error, Equatable, Sendable {
    package let have: Int
    package let need: Int
    /// Who refused, and why; ascending.
    package let refusals: [Refusal]
    /// Who gave a share that its own public share belies; ascending.
    package let faulty: [MemberID]

    package struct Refusal: Equatable, Sendable {
        package let validator: MemberID
        package let reason: ReleaseRefusal
    }

    /// Whether validators might say yes in a moment: they have not seen the lease yet, or could not be reached.
    package var isTemporary: Bool {
        refusals.allSatisfy { [.noLease, .unavailable, .notHolder].contains($0.reason) }
    }
}

/// The combined result of one request.
package struct CollectedShares: Equatable, Sendable {
    /// The key times each input, in order.
    package let elements: [GroupElement]
    /// Validators that answered with a share that their own public share belies; ascending. They did not
    /// spoil anything.
    package let faulty: [MemberID]
}

extension ReleaseCircle {
    /// Opens the answers to `request`, checks each against its validator's public share, and combines the first
    /// ones that suffice. Answers that are not authentically a validator's are passed over: they prove nothing
    /// about anybody.
    ///
    /// - Parameters:
    ///   - receiver: what the answers are sealed to.
    ///   - inputs: what the validators had to evaluate.
    /// - Throws: `SharesMissing`.
    package func combine(
        _ answers: [ValidatorAnswer], to request: SignedObject, _ kind: ReleaseKind, inputs: [GroupElement],
        with receiver: AgreementSecret
    ) throws(SharesMissing) -> CollectedShares {
        let keys = keys(kind)
        guard var combiner = try? ThresholdCombiner(keys, inputs: inputs) else {
            throw SharesMissing(have: 0, need: keys.threshold, refusals: [], faulty: [])
        }
        var refusals: [SharesMissing.Refusal] = []
        var faulty: Set<MemberID> = []
        for answer in answers.sorted(by: { $0.validator < $1.validator }) {
            guard let validator = validators.first(where: { $0.member == answer.validator }),
                let content = try? ReleaseAnswer(decoding: answer.bytes)
            else { continue }
            switch content {
            case .refused(let reason):
                refusals.append(.init(validator: validator.member, reason: reason))
            case .sealed(let sealed):
                if !take(sealed, from: validator, answering: request, with: receiver, into: &combiner) {
                    faulty.insert(validator.member)
                }
            }
        }
        let named = faulty.sorted()
        do throws(RistrettoError) {
            return CollectedShares(elements: try combiner.combined(), faulty: named)
        } catch {
            throw SharesMissing(
                have: combiner.members.count, need: keys.threshold, refusals: refusals, faulty: named)
        }
    }

    /// False when the validator itself is at fault.
    private func take(
        _ sealed: [UInt8], from validator: Validator, answering request: SignedObject, with receiver: AgreementSecret,
        into combiner: inout ThresholdCombiner
    ) -> Bool {
        let evaluation: PartialEvaluation
        do throws(CryptoError) {
            evaluation = try ReleaseAnswer.open(
                sealed, answering: request, with: receiver, from: validator.agreement, chain: chain)
        } catch {
            return error != .malformed
        }
        guard evaluation.index == validator.index else { return false }
        do throws(RistrettoError) {
            try combiner.add(evaluation)
            return true
        } catch {
            // A second answer of one validator, in one answer's place, is nothing of its doing.
            return error == .duplicateShare(index: validator.index)
        }
    }
}
