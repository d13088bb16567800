import Primitives

/// A validator's place in the sorted set of its validator epoch, counted from 0.
package struct Seat: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
    package init(_ index: Int) { rawValue = UInt64(index) }
    package var index: Int { Int(rawValue) }
}

/// A set of seats, one bit each, without an allocation. A seat is in it once or not at all: a signer cannot
/// count twice.
package struct SeatSet: Hashable, Sendable {
    /// The most validators that one set may have.
    package static let countMax = 256

    private var word0: UInt64 = 0
    private var word1: UInt64 = 0
    private var word2: UInt64 = 0
    private var word3: UInt64 = 0

    package init() {}

    package var count: Int {
        word0.nonzeroBitCount + word1.nonzeroBitCount + word2.nonzeroBitCount + word3.nonzeroBitCount
    }

    package func contains(_ seat: Seat) -> Bool {
        guard seat.rawValue < UInt64(Self.countMax) else { return false }
        return word(seat.index / 64) >> (seat.rawValue % 64) & 1 == 1
    }

    /// Adds `seat`; false when it was in already, or when no set can hold it.
    package mutating func insert(_ seat: Seat) -> Bool {
        guard seat.rawValue < UInt64(Self.countMax), !contains(seat) else { return false }
        let bit: UInt64 = 1 << (seat.rawValue % 64)
        switch seat.index / 64 {
        case 0: word0 |= bit
        case 1: word1 |= bit
        case 2: word2 |= bit
        default: word3 |= bit
        }
        return true
    }

    /// The seats in ascending order.
    package var seats: [Seat] {
        var output: [Seat] = []
        output.reserveCapacity(count)
        for index in 0..<4 {
            var rest = word(index)
            while rest != 0 {
                output.append(Seat(index * 64 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        return output
    }

    /// The highest seat, nil when empty.
    package var last: Seat? {
        for index in (0..<4).reversed() where word(index) != 0 {
            return Seat(index * 64 + 63 - word(index).leadingZeroBitCount)
        }
        return nil
    }

    /// The bitmap as bytes: seat i is bit i mod 8 of byte i / 8; no zero byte ends it.
    package var bitmap: [UInt8] {
        guard let last else { return [] }
        return (0...last.index / 8).map { UInt8(truncatingIfNeeded: word($0 / 8) >> UInt64($0 % 8 * 8)) }
    }

    /// Nil for a bitmap that is too long or ends with a zero byte.
    package init?(bitmap: [UInt8]) {
        guard bitmap.count <= Self.countMax / 8, bitmap.last != 0 else { return nil }
        for (position, byte) in bitmap.enumerated() {
            for bit in 0..<8 where byte >> bit & 1 == 1 { _ = insert(Seat(position * 8 + bit)) }
        }
    }

    private func word(_ index: Int) -> UInt64 {
        switch index {
        case 0: word0
        case 1: word1
        case 2: word2
        default: word3
        }
    }
}
