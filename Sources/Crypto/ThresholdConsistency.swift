package import Primitives

extension ThresholdPublicKeys {
    /// True when all shares and the key lie on one polynomial of degree t − 1, so that any t members give the same
    /// result. A dealing that is not consistent must never be recorded: it would work for some members only.
    /// Costs (n − t + 1) · t multiplications, some thousands at the limit: once for each dealing, not for each use.
    package var isConsistent: Bool {
        guard publicKey.isAcceptable, shares.allSatisfy(\.isAcceptable) else { return false }
        let base = Array(1...threshold)
        guard value(at: 0, from: base) == publicKey else { return false }
        return (threshold..<memberCount).allSatisfy { value(at: $0 + 1, from: base) == shares[$0] }
    }

    private func value(at place: Int, from indices: [Int]) -> GroupElement? {
        try? GroupElement.combination(
            of: indices.map { shares[$0 - 1] }, weights: ThresholdLagrange.weights(at: place, indices: indices))
    }
}

extension GroupElement {
    /// Σ weights_i · elements_i.
    static func combination(
        of elements: [GroupElement], weights: [RistrettoScalar]
    ) throws(RistrettoError) -> GroupElement {
        var total: GroupElement?
        for (element, weight) in zip(elements, weights) {
            let product = try element.multiplied(by: weight)
            total = try total?.adding(product) ?? product
        }
        guard let total else { throw .badElementCount }
        return total
    }
}
