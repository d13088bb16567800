/// Keys from a lower bound, included, to an upper bound, not included, in the order of their bytes.
package struct KeyRange: Equatable, Sendable {
    package let lower: [UInt8]
    /// Nil: to the end.
    package let upper: [UInt8]?

    package init(from lower: [UInt8] = [], upTo upper: [UInt8]? = nil) {
        self.lower = lower
        self.upper = upper
    }

    package static let all = KeyRange()

    /// All keys that begin with these bytes.
    package static func prefix(_ prefix: [UInt8]) -> KeyRange {
        // The first key after all of them: the prefix without its trailing 0xff bytes, its last byte one higher.
        guard let last = prefix.lastIndex(where: { $0 != 0xff }) else { return KeyRange(from: prefix) }
        var upper = Array(prefix[...last])
        upper[last] += 1
        return KeyRange(from: prefix, upTo: upper)
    }

    package func contains(_ key: [UInt8]) -> Bool {
        !key.lexicographicallyPrecedes(lower) && upper.map(key.lexicographicallyPrecedes) != false
    }
}
