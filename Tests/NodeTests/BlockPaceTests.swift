import Node
import Testing

@Suite("The size of blocks")
struct BlockPaceTests {
    @Test("A block holds what half the message delay is enough to execute, between its bounds")
    func size() {
        var pace = BlockPace(delta: .milliseconds(100))
        #expect(pace.countMax(limit: 8_192) == 1_024)
        #expect(pace.countMax(limit: 100) == 100)
        pace.executed(100, in: .milliseconds(5))
        #expect(pace.countMax(limit: 8_192) == 1_000)
        #expect(pace.countMax(limit: 300) == 300)
        pace.executed(100, in: .zero)
        pace.executed(3, in: .seconds(9))
        #expect(pace.countMax(limit: 8_192) == 1_000)
    }

    @Test("A machine that becomes slow makes smaller blocks soon, but not ever smaller ones")
    func slowness() {
        var pace = BlockPace(delta: .milliseconds(100))
        for _ in 0..<4 { pace.executed(1_000, in: .milliseconds(50)) }
        let before = pace.countMax(limit: 8_192)
        for _ in 0..<8 { pace.executed(1_000, in: .milliseconds(500)) }
        #expect(pace.countMax(limit: 8_192) < before / 5)
        for _ in 0..<50 { pace.executed(1_000, in: .seconds(90)) }
        #expect(pace.countMax(limit: 8_192) == BlockPace.countMin)
        for _ in 0..<90 { pace.executed(1_000, in: .microseconds(1)) }
        #expect(pace.countMax(limit: 8_192) == 8_192)
    }
}
