/// Token buckets by key: each key may spend `burst` at once and `perSecond` in the long run. Pure: the clock is an
/// argument.
///
/// The table is bounded: when it is full, the keys whose buckets are full again are forgotten (they lose nothing), and
/// if there are none, everyone new shares one bucket.
package struct RateLimiter<Key: Hashable & Sendable>: Sendable {
    private struct Bucket {
        var tokens: Double
        var time: Duration
    }

    private let perSecond: Double
    private let burst: Double
    private let keyCountMax: Int
    private var buckets: [Key: Bucket] = [:]
    private var shared: Bucket

    package init(perSecond: Double, burst: Double, keyCountMax: Int = 4096) {
        self.perSecond = perSecond
        self.burst = burst
        self.keyCountMax = keyCountMax
        shared = Bucket(tokens: burst, time: .zero)
    }

    /// Takes `cost` tokens of `key`, or says how long to wait until they are there. `now` is monotonic time since any
    /// fixed moment.
    package mutating func take(_ cost: Double = 1, for key: Key, now: Duration) -> Duration? {
        if buckets[key] == nil && buckets.count >= keyCountMax { forgetFull(now: now) }
        if let bucket = buckets[key] {
            let (next, wait) = spend(cost, from: bucket, now: now)
            buckets[key] = next
            return wait
        }
        guard buckets.count < keyCountMax else {
            let (next, wait) = spend(cost, from: shared, now: now)
            shared = next
            return wait
        }
        let (next, wait) = spend(cost, from: Bucket(tokens: burst, time: now), now: now)
        buckets[key] = next
        return wait
    }

    package var keyCount: Int { buckets.count }

    private func spend(_ cost: Double, from bucket: Bucket, now: Duration) -> (Bucket, Duration?) {
        var bucket = refilled(bucket, now: now)
        guard bucket.tokens >= cost else {
            return (bucket, .seconds(perSecond > 0 ? (cost - bucket.tokens) / perSecond : 3600))
        }
        bucket.tokens -= cost
        return (bucket, nil)
    }

    private func refilled(_ bucket: Bucket, now: Duration) -> Bucket {
        let seconds = max(0, (now - bucket.time) / .seconds(1))
        return Bucket(tokens: min(burst, bucket.tokens + seconds * perSecond), time: max(now, bucket.time))
    }

    private mutating func forgetFull(now: Duration) {
        buckets = buckets.filter { refilled($0.value, now: now).tokens < burst }
    }
}
