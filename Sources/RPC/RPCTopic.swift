package import Primitives
internal import Synchronization

/// Something that happens again and again, and that clients on a WebSocket can follow.
///
/// `publish` never waits: a subscriber whose queue is full loses its subscription and is told so.
package final class RPCTopic: Sendable {
    /// Takes a value, or says that its queue is full.
    package typealias Sink = @Sendable (JSONValue) -> Bool

    /// `noun.verb` or `noun.plural`.
    package let name: String
    package let summary: String
    /// What one value holds, in words.
    package let value: String
    /// Who may subscribe. A topic for members delivers to each only what concerns it.
    package let authority: RPCMethod.Authority

    private struct Subscriber {
        let member: MemberID?
        let sink: Sink
    }
    private struct Subscribers {
        var next: UInt64 = 0
        var byNumber: [UInt64: Subscriber] = [:]
    }
    private let subscribers = Mutex(Subscribers())

    package init(_ name: String, _ summary: String, value: String, authority: RPCMethod.Authority = .anyone) {
        self.name = name
        self.summary = summary
        self.value = value
        self.authority = authority
    }

    /// Delivers to all subscribers, or only to those of `member`.
    package func publish(_ value: JSONValue, to member: MemberID? = nil) {
        let targets = subscribers.withLock { state in
            state.byNumber.filter { member == nil || $0.value.member == member }.sorted { $0.key < $1.key }
        }
        for (number, subscriber) in targets where !subscriber.sink(value) { unsubscribe(number) }
    }

    /// Calls `sink` with each value from now on, until it answers false or `unsubscribe`.
    package func subscribe(member: MemberID? = nil, _ sink: @escaping Sink) -> UInt64 {
        subscribers.withLock { state in
            state.next += 1
            state.byNumber[state.next] = Subscriber(member: member, sink: sink)
            return state.next
        }
    }

    package func unsubscribe(_ number: UInt64) {
        subscribers.withLock { state in _ = state.byNumber.removeValue(forKey: number) }
    }

    package var subscriberCount: Int { subscribers.withLock { $0.byNumber.count } }
}
