package import Primitives

/// Refuses what is not for this node, too old or too new, or was seen before. Pure: the caller brings the clock.
///
/// A nonce is remembered for as long as its request's time would still be accepted. When the memory is full, new
/// requests are refused as busy: forgetting one would let it be replayed.
package struct RequestGuard: Sendable, Equatable {
    /// How far a request's time may be from the node's clock, either way.
    package static let windowMilliseconds: UInt64 = 60_000

    private struct Mark: Hashable {
        let member: MemberID
        let nonce: [UInt8]
    }

    private let node: MemberID
    private let capacity: Int
    /// Requests of before this moment are refused: whoever began anew has forgotten which were used.
    private let start: Timestamp
    /// Marks by the second of their request's time: a replay carries the same time, so one bucket answers.
    private var marks: [UInt64: Set<Mark>] = [:]
    private var count = 0

    /// - Parameter capacity: how many nonces are remembered; the default takes about 8 MiB when full.
    package init(node: MemberID, capacity: Int = 1 << 16, start: Timestamp = .zero) {
        self.node = node
        self.capacity = capacity
        self.start = start
    }

    /// Checks whom and when the request is for. Costs nothing, so it stands before the signature check.
    package func check(_ request: SignedRequest, now: Timestamp) throws(RPCError) {
        guard request.audience == node else { throw RPCError(.wrongAudience, data: ["node": .string(node.hex)]) }
        let distance = max(now.milliseconds(since: request.time), request.time.milliseconds(since: now))
        guard distance <= Self.windowMilliseconds, request.time >= start else {
            throw RPCError(.staleRequest, data: ["nodeTime": .unsigned(now.rawValue)])
        }
    }

    /// Admits a request whose signature holds, once.
    package mutating func admit(_ envelope: Verified<RequestEnvelope>, now: Timestamp) throws(RPCError) {
        let request = envelope.value.request
        try check(request, now: now)
        forget(now: now)
        let second = request.time.rawValue / 1000
        let mark = Mark(member: request.from, nonce: request.nonce)
        guard marks[second]?.contains(mark) != true else { throw RPCError(.replayedRequest) }
        guard count < capacity else { throw .later(.busy, retryAfter: .seconds(5)) }
        marks[second, default: []].insert(mark)
        count += 1
    }

    private mutating func forget(now: Timestamp) {
        guard now.rawValue > Self.windowMilliseconds else { return }
        let oldest = (now.rawValue - Self.windowMilliseconds) / 1000
        for second in marks.keys where second < oldest {
            count -= marks[second]?.count ?? 0
            marks[second] = nil
        }
    }
}
