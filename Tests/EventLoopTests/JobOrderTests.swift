import EventLoop
import Testing

/// An actor that lives on an executor and does nothing but what it is told.
actor Lodger {
    private let executor: any SerialExecutor
    private var isFollowed = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    init(on executor: any SerialExecutor) { self.executor = executor }

    func runs<Value: Sendable>(_ body: @Sendable () -> Value) -> Value { body() }

    /// Whether another job of this actor, made before, came in while this one never had to wait.
    func isInterrupted() async -> Bool {
        let follower = Task { isFollowed = true }
        for _ in 0..<8 { await withCheckedContinuation { $0.resume() } }
        let wasFollowed = isFollowed
        await follower.value
        return wasFollowed
    }
}

/// What an actor looks up and what it then waits for is one step: a callback in between would find nobody waiting.
@Suite(.timeLimit(.minutes(1))) struct JobOrderTests {
    @Test("no job comes between a look and the wait that follows it: epoll")
    func epoll() async throws {
        let loop = try EpollLoop(name: "test")
        defer { loop.stop() }
        #expect(await !Lodger(on: loop).isInterrupted())
    }

    @Test("no job comes between a look and the wait that follows it: GLib")
    func glib() async { #expect(await !Lodger(on: GLibLoop(name: "test")).isInterrupted()) }

    @Test("no job comes between a look and the wait that follows it: a blocking thread")
    func blocking() async throws {
        let thread = try BlockingThreadExecutor(name: "test")
        defer { thread.stop() }
        #expect(await !Lodger(on: thread).isInterrupted())
    }
}
