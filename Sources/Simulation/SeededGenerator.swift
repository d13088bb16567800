/// SplitMix64: small, fast, and the same on every machine. Not for secrets.
///
/// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
package struct SeededGenerator: RandomNumberGenerator, Sendable, Equatable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.mix(state)
    }

    /// True once in `count` times.
    package mutating func oneIn(_ count: UInt64) -> Bool { count > 0 && next() % count == 0 }

    /// True `percent` times in a hundred.
    package mutating func chance(_ percent: UInt64) -> Bool { next() % 100 < percent }

    /// An index into so many things; zero when there are none.
    package mutating func below(_ count: Int) -> Int { count < 1 ? 0 : Int(next() % UInt64(count)) }

    /// A value between the bounds, both included.
    package mutating func within(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.lowerBound + next() % (range.upperBound - range.lowerBound + 1)
    }

    /// The finaliser of SplitMix64: a bijection that spreads its input over all bits.
    package static func mix(_ input: UInt64) -> UInt64 {
        var value = input
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
