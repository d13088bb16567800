import Crypto
import Testing

@Suite struct ReplayWindowTests {
    @Test("every counter is fresh once, and none older than the window")
    func order() {
        var window = ReplayWindow()
        for counter in [0, 5, 3, 1, 1000, 999, 4] as [UInt64] {
            #expect(window.isFresh(counter))
            window.mark(counter)
            #expect(!window.isFresh(counter))
        }
        window.mark(5000)
        #expect(!window.isFresh(5000 - ReplayWindow.size))
        #expect(window.isFresh(5001 - ReplayWindow.size))
        #expect(window.isFresh(5001))
        #expect(!window.isFresh(.max))
    }

    @Test("the window agrees with a plain set on random walks", arguments: [1, 2, 3] as [UInt64])
    func model(seed: UInt64) {
        var state = seed
        func random(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        var window = ReplayWindow()
        var seen: Set<UInt64> = []
        var limit: UInt64 = 0
        for _ in 0..<20_000 {
            let jump = random(100) == 0 ? random(5000) : random(40)
            let back = random(1200)
            let counter = random(2) == 0 ? limit + jump : (limit > back ? limit - back : 0)
            let isFresh = counter >= limit || (limit - counter <= ReplayWindow.size && !seen.contains(counter))
            #expect(window.isFresh(counter) == isFresh)
            if isFresh {
                window.mark(counter)
                seen.insert(counter)
                limit = max(limit, counter + 1)
            }
        }
    }
}
