import EventLoop
import Synchronization
import Testing

/// Calls from other threads.
@Suite(.timeLimit(.minutes(1))) struct CallTests {
    private final class Numbers: Sendable {
        let values = Mutex<[Int]>([])
        func add(_ number: Int) { values.withLock { $0.append(number) } }
    }

    @Test("calls run on the loop, in their order, and wake it")
    func order() async throws {
        let loop = try EpollLoop(name: "test")
        defer { loop.stop() }
        let numbers = Numbers()
        for number in 0..<100 { loop.call { numbers.add(loop.isCurrent ? number : -1) } }
        await withCheckedContinuation { continuation in loop.call { continuation.resume() } }
        #expect(numbers.values.withLock { $0 } == Array(0..<100))
    }

    @Test("a call made in a call waits its turn")
    func nested() async throws {
        let loop = try EpollLoop(name: "test")
        defer { loop.stop() }
        let numbers = Numbers()
        await withCheckedContinuation { continuation in
            loop.call {
                loop.call {
                    numbers.add(2)
                    continuation.resume()
                }
                numbers.add(1)
            }
        }
        #expect(numbers.values.withLock { $0 } == [1, 2])
    }

    @Test("an actor of the loop is entered in a call")
    func entering() async throws {
        let loop = try EpollLoop(name: "test")
        defer { loop.stop() }
        let lodger = Lodger(on: loop)
        let value = await withCheckedContinuation { continuation in
            loop.call { continuation.resume(returning: lodger.assumeIsolated { $0.runs { 7 } }) }
        }
        #expect(value == 7)
    }

    @Test("a call that comes after the stop still runs")
    func late() async throws {
        let loop = try EpollLoop(name: "test")
        loop.stop()
        for _ in 0..<20 { await withCheckedContinuation { continuation in loop.call { continuation.resume() } } }
    }
}
