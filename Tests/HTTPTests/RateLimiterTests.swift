import HTTP
import Testing

struct RateLimiterTests {
    @Test("a burst may be spent at once, then the rate holds")
    func burst() {
        var limiter = RateLimiter<String>(perSecond: 2, burst: 3)
        for _ in 0..<3 { #expect(limiter.take(for: "a", now: .zero) == nil) }
        #expect(limiter.take(for: "a", now: .zero) == .seconds(0.5))
        #expect(limiter.take(for: "b", now: .zero) == nil)
        #expect(limiter.take(for: "a", now: .seconds(0.5)) == nil)
        #expect(limiter.take(for: "a", now: .seconds(0.5)) != nil)
        #expect(limiter.take(3, for: "a", now: .seconds(100)) == nil)
        #expect(limiter.take(for: "a", now: .seconds(100)) != nil)
    }

    @Test("a clock that steps back gives nothing away")
    func backwards() {
        var limiter = RateLimiter<String>(perSecond: 1, burst: 1)
        #expect(limiter.take(for: "a", now: .seconds(10)) == nil)
        #expect(limiter.take(for: "a", now: .seconds(5)) != nil)
        #expect(limiter.take(for: "a", now: .seconds(10.5)) != nil)
    }

    @Test("a full table forgets full buckets, and lets newcomers share one bucket when there are none")
    func fullTable() {
        var limiter = RateLimiter<Int>(perSecond: 1, burst: 2, keyCountMax: 3)
        for key in 0..<3 { #expect(limiter.take(for: key, now: .zero) == nil) }
        #expect(limiter.take(2, for: 3, now: .zero) == nil)
        #expect(limiter.take(for: 4, now: .zero) != nil)
        #expect(limiter.keyCount == 3)
        #expect(limiter.take(for: 5, now: .seconds(10)) == nil)
        #expect(limiter.keyCount == 1)
    }
}
