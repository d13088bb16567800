/// Asks for a key frame without flooding: once, then again while none comes, at growing distances.
package struct KeyFrameRequester: Equatable, Sendable {
    /// The shortest and the longest time between two requests, in microseconds.
    package static let intervalMin: UInt64 = 200_000
    package static let intervalMax: UInt64 = 1_000_000

    private enum State: Equatable, Sendable {
        case content
        case asking(next: MediaInstant, interval: UInt64)
    }

    private var state = State.content
    private var lastRequest: MediaInstant?

    package init() {}

    /// When `advance` has something to do.
    package var deadline: MediaInstant? {
        switch state {
        case .content: nil
        case .asking(let next, _): next
        }
    }

    /// A key frame is needed. True when a request must leave now.
    package mutating func need(at now: MediaInstant) -> Bool {
        switch state {
        case .content:
            if let lastRequest, now.microseconds(since: lastRequest) < Self.intervalMin {  // PL-2
                state = .asking(next: lastRequest.adding(microseconds: Self.intervalMin), interval: Self.intervalMin)
                return false
            }
            return request(at: now, interval: Self.intervalMin)  // PL-1
        case .asking: return advance(to: now)
        }
    }

    /// True when a request must leave now.
    package mutating func advance(to now: MediaInstant) -> Bool {
        switch state {
        case .content: return false
        case .asking(let next, let interval):
            guard next <= now else { return false }
            return request(at: now, interval: min(interval * 2, Self.intervalMax))  // PL-3
        }
    }

    /// A key frame came whole.
    package mutating func keyFrameArrived() { state = .content }

    private mutating func request(at now: MediaInstant, interval: UInt64) -> Bool {
        lastRequest = now
        state = .asking(next: now.adding(microseconds: interval), interval: interval)
        return true
    }
}
