import KeyValue
import Testing

@Suite struct KeyRangeTests {
    @Test(
        "a prefix is the range of exactly the keys that begin with it",
        arguments: [[], [0], [1, 2], [0xff], [1, 0xff], [0xff, 0xff], [7, 0xff, 0xff]] as [[UInt8]])
    func prefix(_ prefix: [UInt8]) {
        let range = KeyRange.prefix(prefix)
        var keys: [[UInt8]] = [[], [0], [1], [2], [7], [8], [0xff]]
        for _ in 0..<2 { keys += keys.flatMap { [$0 + [0], $0 + [2], $0 + [0xff]] } }
        for key in keys { #expect(range.contains(key) == key.starts(with: prefix), "\(key)") }
    }
}
