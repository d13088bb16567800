/// Interpolation over the scalars: the value at one place of the polynomial of degree t − 1 that takes given values at
/// t other places. The values never appear here, only their weights, which are public.
enum ThresholdLagrange {
    /// The weights, in the order of `indices`, for the value at `place`; λ_i = Π (place − j) / (i − j) over j ≠ i.
    /// The indices are distinct and from 1, as a combiner makes sure.
    static func weights(at place: Int, indices: [Int]) -> [RistrettoScalar] {
        indices.map { index in
            var numerator = RistrettoScalar(1)
            var denominator = RistrettoScalar(1)
            for other in indices where other != index {
                numerator = numerator * (RistrettoScalar(UInt64(place)) - RistrettoScalar(UInt64(other)))
                denominator = denominator * (RistrettoScalar(UInt64(index)) - RistrettoScalar(UInt64(other)))
            }
            guard let inverse = denominator.inverted else { preconditionFailure("an index stands twice") }
            return numerator * inverse
        }
    }
}
