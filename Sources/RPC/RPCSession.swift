internal import HTTP
internal import Primitives
internal import Synchronization

/// One WebSocket: answers its requests, and carries the notifications of its subscriptions.
///
/// Both queues are bounded. A request waits until an answer has left when sixteen are being worked on; a notification
/// that finds the queue full ends its subscription, and the client is told why as soon as it reads again.
final class RPCSession: Sendable {
    private static let requestCountMax = 16

    private struct Notification: Sendable {
        let subscription: String
        let value: JSONValue
    }
    private struct Subscription {
        let topic: RPCTopic
        let number: UInt64
    }
    private struct State {
        var lastNumber = 0
        var subscriptions: [String: Subscription] = [:]
        var lost: [String] = []
    }

    private let dispatcher: RPCDispatcher
    private let connection: WebSocketConnection
    private let metrics: MetricsRegistry
    private let state = Mutex(State())
    private let notifications: AsyncStream<Notification>
    private let queue: AsyncStream<Notification>.Continuation

    init(dispatcher: RPCDispatcher, connection: WebSocketConnection, metrics: MetricsRegistry) {
        self.dispatcher = dispatcher
        self.connection = connection
        self.metrics = metrics
        (notifications, queue) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(dispatcher.settings.notificationQueueMax))
    }

    /// Serves until the connection ends.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.sendNotifications() }
            await self.serveRequests()
            self.end()
            group.cancelAll()
        }
    }

    private func serveRequests() async {
        await withTaskGroup(of: Void.self) { group in
            var count = 0
            for await message in connection.messages {
                if count >= Self.requestCountMax {
                    await group.next()
                    count -= 1
                }
                count += 1
                group.addTask { await self.serve(message) }
            }
        }
    }

    private func serve(_ message: WebSocketMessage) async {
        guard case .text(let text) = message else {
            await connection.close(code: 1003, reason: "text messages only")
            return
        }
        let answer = await dispatcher.answer(Array(text.utf8), from: connection.address) {
            call, topic throws(RPCError) in
            try self.change(call, topic)
        }
        if let answer { await send(answer) }
    }

    /// Waits for room, so that a client that asks and does not read holds up only itself.
    private func send(_ json: JSONValue) async {
        while true {
            do throws(HTTPError) {
                return try await connection.send(.text(json.text))
            } catch {
                guard error == .queueFull else { return }
                await connection.waitForRoom()
            }
        }
    }

    private func sendNotifications() async {
        for await notification in notifications {
            await send(Self.json(notification.subscription, .init("value", notification.value)))
            let lost = state.withLock { state in
                defer { state.lost = [] }
                return state.lost
            }
            for subscription in lost {
                let error = RPCError(.subscriptionLost, data: ["subscription": .string(subscription)])
                await send(Self.json(subscription, .init("ended", error.json)))
            }
        }
    }

    private static func json(_ subscription: String, _ member: JSONValue.Member) -> JSONValue {
        [
            "jsonrpc": "2.0", "method": .string(RPCNotification.method),
            "params": .object([.init("subscription", .string(subscription)), member]),
        ]
    }

    private func change(_ call: RPCCall, _ topic: RPCTopic?) throws(RPCError) -> JSONValue {
        guard let topic else { return .boolean(unsubscribe(try call.arguments.text("subscription"))) }
        guard topic.authority == .anyone || call.member != nil else {
            throw RPCError(.unauthorised, data: ["reason": "missing"])
        }
        let id = try state.withLock { state throws(RPCError) in
            let limit = dispatcher.settings.subscriptionCountMax
            guard state.subscriptions.count < limit else {
                throw RPCError(.tooLarge, "Too many subscriptions.", data: ["limit": .unsigned(UInt64(limit))])
            }
            state.lastNumber += 1
            return "s\(state.lastNumber)"
        }
        let queue = queue
        let number = topic.subscribe(member: call.member) { [weak self] value in
            switch queue.yield(Notification(subscription: id, value: value)) {
            case .enqueued: return true
            case .dropped, .terminated:
                self?.lose(id)
                return false
            @unknown default: return false
            }
        }
        state.withLock { $0.subscriptions[id] = Subscription(topic: topic, number: number) }
        metrics.add(1, to: .rpcSubscriptions)
        return .string(id)
    }

    private func unsubscribe(_ id: String) -> Bool {
        guard let subscription = state.withLock({ $0.subscriptions.removeValue(forKey: id) }) else { return false }
        subscription.topic.unsubscribe(subscription.number)
        metrics.add(-1, to: .rpcSubscriptions)
        return true
    }

    private func lose(_ id: String) {
        guard unsubscribe(id) else { return }
        state.withLock { $0.lost.append(id) }
    }

    private func end() {
        for id in state.withLock({ $0.subscriptions.keys.sorted() }) { _ = unsubscribe(id) }
        queue.finish()
    }
}

/// How values of a subscription travel: a JSON-RPC notification with `{subscription, value}`, and at a forced end
/// `{subscription, ended}` with an error object.
package enum RPCNotification {
    package static let method = "rpc.notification"
}
