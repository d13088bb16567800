import HTTP
import Primitives
import RPC
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RPCSocketTests {
    @Test("calls over a WebSocket are answered, many at once")
    func calls() async throws {
        let node = try await TestNode()
        let socket = try await node.socket()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index: UInt64 in 0..<100 {
                group.addTask { try await socket.call("test.echo", [.unsigned(index)]) == .unsigned(index) }
            }
            for try await isRight in group { #expect(isRight) }
        }
        #expect(try await socket.call(node.signer().envelope("test.whoami", .object([])))["n"] == .null)
        await socket.close()
        await #expect(throws: RPCClientError.unreachable(.closed)) { try await socket.call("test.echo") }
        await node.server.stop()
    }

    @Test("a call that is not answered ends")
    func unanswered() async throws {
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let node = try await TestNode(gate: gate)
        let socket = try await node.socket(patience: .milliseconds(200))
        await #expect(throws: RPCClientError.unreachable(.timedOut)) { try await socket.call("test.wait") }
        opener.finish()
        let patient = try await node.socket()
        #expect(try await patient.call("test.wait") == true)
        #expect(try await patient.call("test.echo", [1]) == 1)
        await node.server.stop()
    }

    @Test("a subscription brings values in order until it is ended")
    func subscription() async throws {
        let node = try await TestNode()
        let socket = try await node.socket()
        let events = try await socket.subscribe("test.ticks")
        #expect(node.metrics.value(of: .rpcSubscriptions) == 1)
        for tick in 0..<10 { node.topic.publish(.unsigned(UInt64(tick))) }
        var received: [RPCSocket.Event] = []
        for await event in events {
            received.append(event)
            if received.count == 10 { break }
        }
        #expect(received == (0..<10).map { .value(.unsigned($0)) })
        #expect(try await socket.call("rpc.unsubscribe", ["subscription": "s1"]) == true)
        #expect(try await socket.call("rpc.unsubscribe", ["subscription": "s1"]) == false)
        #expect(node.topic.subscriberCount == 0)
        await #expect(throws: RPCClientError.self) { try await socket.subscribe("no.topic") }
        await node.server.stop()
    }

    @Test("subscriptions of one connection are limited, and end with it")
    func limit() async throws {
        var settings = RPCSettings()
        settings.subscriptionCountMax = 2
        let node = try await TestNode(settings: settings)
        let socket = try await node.socket()
        _ = try await socket.subscribe("test.ticks")
        _ = try await socket.subscribe("test.ticks")
        await #expect(throws: RPCClientError.self) { try await socket.subscribe("test.ticks") }
        #expect(node.topic.subscriberCount == 2)
        await socket.close()
        await node.server.stop()
        while node.topic.subscriberCount > 0 { await Task.yield() }
    }

    @Test("a reader that falls behind loses the subscription, and is told why; the publisher never waits")
    func slowReader() async throws {
        var settings = RPCSettings()
        settings.notificationQueueMax = 4
        let node = try await TestNode(settings: settings)
        let socket = try await node.socket()
        let events = try await socket.subscribe("test.ticks")
        let value = JSONValue.string(String(repeating: "x", count: 10_000))
        var count = 0
        while node.topic.subscriberCount > 0 {
            node.topic.publish(value)
            count += 1
        }
        #expect(count > 4)
        var last: RPCSocket.Event?
        for await event in events { last = event }
        guard case .ended(let error) = last else {
            Issue.record("no reason was given")
            return
        }
        #expect(error.code == .subscriptionLost)
        #expect(try await socket.call("test.echo", [1]) == 1)
        await node.server.stop()
    }
}
