package import Primitives

/// How often one member or node may ask for something: a bucket of tokens each. Pure: time comes in.
package struct AskingRate: Equatable, Sendable {
    private struct Bucket: Equatable, Sendable {
        var tokens: Double
        var at: Timestamp
    }

    /// Askers that are remembered. Beyond it those with full buckets are forgotten, and then everybody: that gives
    /// each a fresh start and no more.
    package static let askersMax = 10_000

    private let perSecond: Double
    private let burst: Double
    private var buckets: [MemberID: Bucket] = [:]

    package init(perSecond: Double, burst: Double) {
        self.perSecond = perSecond
        self.burst = burst
    }

    /// Whether `asker` may ask once more now.
    package mutating func admits(_ asker: MemberID, now: Timestamp) -> Bool {
        if buckets.count >= Self.askersMax, buckets[asker] == nil { forget(now: now) }
        var bucket = buckets[asker] ?? Bucket(tokens: burst, at: now)
        bucket.tokens = tokens(of: bucket, now: now)
        bucket.at = now
        let isAdmitted = bucket.tokens >= 1
        if isAdmitted { bucket.tokens -= 1 }
        buckets[asker] = bucket
        return isAdmitted
    }

    private func tokens(of bucket: Bucket, now: Timestamp) -> Double {
        min(burst, bucket.tokens + Double(now.milliseconds(since: bucket.at)) / 1_000 * perSecond)
    }

    private mutating func forget(now: Timestamp) {
        buckets = buckets.filter { tokens(of: $0.value, now: now) < burst }
        if buckets.count >= Self.askersMax { buckets = [:] }
    }
}
