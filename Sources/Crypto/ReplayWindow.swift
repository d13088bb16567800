/// Remembers which of the newest 1,024 counters were seen, so that each datagram is taken once, in any order.
///
/// A ring of 64-bit words as in RFC 6479: moving on clears whole words instead of shifting bits. The ring is larger
/// than the window, so that a word is cleared only when all of its counters are too old.
package struct ReplayWindow: Equatable, Sendable {
    /// How far a counter may lie behind the highest and still be taken.
    package static let size: UInt64 = 1024
    private static let wordCount = 32
    private var words = [UInt64](repeating: 0, count: wordCount)
    /// One above the highest counter marked; 0 before the first.
    private var limit: UInt64 = 0

    package init() {}

    /// True for a counter that is not marked and not older than the window.
    package func isFresh(_ counter: UInt64) -> Bool {
        if counter >= limit { return counter != .max }
        guard limit - counter <= Self.size else { return false }
        return words[Self.index(counter)] >> (counter & 63) & 1 == 0
    }

    /// Marks a fresh counter as seen. Only after its datagram proved true: a forged one must not move the window.
    package mutating func mark(_ counter: UInt64) {
        guard isFresh(counter) else { return }
        if counter >= limit {
            let newest = counter >> 6
            let oldest = limit == 0 ? 0 : (limit - 1) >> 6
            if newest > oldest {
                for word in 1...min(newest - oldest, UInt64(Self.wordCount)) {
                    words[Int((oldest + word) % UInt64(Self.wordCount))] = 0
                }
            }
            limit = counter + 1
        }
        words[Self.index(counter)] |= 1 << (counter & 63)
    }

    private static func index(_ counter: UInt64) -> Int { Int((counter >> 6) % UInt64(wordCount)) }
}
