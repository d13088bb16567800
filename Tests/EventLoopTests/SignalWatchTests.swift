import EventLoop
import Glibc
import Testing

@Suite(.timeLimit(.minutes(1))) struct SignalWatchTests {
    private actor Listener {
        nonisolated let loop: EpollLoop
        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
        private var watch: SignalWatch?
        init(loop: EpollLoop) { self.loop = loop }

        /// Raises the signal on the loop's own thread, which blocks it, and waits for its event.
        func raiseAndWait(_ signal: SignalWatch.Signal) async throws -> SignalWatch.Signal? {
            SignalWatch.block([signal])
            let (heard, hear) = AsyncStream<SignalWatch.Signal>.makeStream()
            watch = try SignalWatch(on: loop, signals: [signal]) { hear.yield($0) }
            pthread_kill(pthread_self(), signal.rawValue)
            for await signal in heard { return signal }
            return nil
        }
    }

    @Test("a blocked signal becomes an event", arguments: SignalWatch.Signal.allCases)
    func signal(_ signal: SignalWatch.Signal) async throws {
        let loop = try EpollLoop(name: "test")
        defer { loop.stop() }
        #expect(try await Listener(loop: loop).raiseAndWait(signal) == signal)
    }
}
