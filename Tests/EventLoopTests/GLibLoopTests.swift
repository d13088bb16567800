import EventLoop
import Synchronization
import Testing

/// An actor on a loop, as ICE and HTTP have it.
private actor Guest {
    nonisolated let loop: GLibLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private var count = 0
    private var timer: GLibTimer?

    init(loop: GLibLoop) { self.loop = loop }

    func increment() -> Int {
        count += 1
        return count
    }

    func isOnLoop() -> Bool { loop.isCurrent }

    /// Waits for a timer that enters the actor from the raw GLib callback.
    func countAfterTimer() async -> Int {
        await withCheckedContinuation { continuation in
            timer = loop.timer(after: .milliseconds(5)) {
                self.assumeIsolated { continuation.resume(returning: $0.increment()) }
            }
        }
    }

    func startRepeating(_ hits: Hits) {
        timer = loop.timer(after: .milliseconds(1), repeats: true) {
            self.assumeIsolated { guest in
                if hits.add() == 3 { guest.timer?.cancel() }
            }
        }
    }

    func startAndForget(_ hits: Hits) {
        _ = loop.timer(after: .milliseconds(1)) { _ = hits.add() }
    }
}

private final class Hits: Sendable {
    private let value = Mutex(0)
    func add() -> Int {
        value.withLock {
            $0 += 1
            return $0
        }
    }
    var count: Int { value.withLock { $0 } }
}

@Suite(.timeLimit(.minutes(1)))
struct GLibLoopTests {
    @Test("an actor on the loop runs on the loop's thread, and nobody else does")
    func runsOnThread() async {
        let guest = Guest(loop: GLibLoop(name: "test"))
        #expect(await guest.isOnLoop())
        #expect(!guest.loop.isCurrent)
        #expect(guest.loop.isIsolatingCurrentContext() == false)
    }

    @Test("jobs from many tasks all run, one at a time")
    func serial() async {
        let guest = Guest(loop: GLibLoop(name: "test"))
        await withTaskGroup { group in
            for _ in 0..<32 { group.addTask { for _ in 0..<50 { _ = await guest.increment() } } }
        }
        #expect(await guest.increment() == 32 * 50 + 1)
    }

    @Test("two actors on one loop share the thread")
    func shared() async {
        let loop = GLibLoop(name: "test")
        let first = Guest(loop: loop)
        let second = Guest(loop: loop)
        #expect(await first.isOnLoop())
        #expect(await second.isOnLoop())
    }

    @Test("a timer's callback may enter an actor of the loop")
    func timerEnters() async {
        let guest = Guest(loop: GLibLoop(name: "test"))
        #expect(await guest.countAfterTimer() == 1)
    }

    @Test("a repeating timer stops where it is cancelled")
    func repeatingStops() async {
        let guest = Guest(loop: GLibLoop(name: "test"))
        let hits = Hits()
        await guest.startRepeating(hits)
        while hits.count < 3 { _ = await guest.countOnce() }
        for _ in 0..<5 { _ = await guest.countOnce() }
        #expect(hits.count == 3)
    }

    @Test("a timer that nobody holds does not fire")
    func forgotten() async {
        let guest = Guest(loop: GLibLoop(name: "test"))
        let hits = Hits()
        await guest.startAndForget(hits)
        _ = await guest.countAfterTimer()
        #expect(hits.count == 0)
    }

    @Test("the loop ends with its last holder, also when that is its own last job")
    func ends() async throws {
        weak var last: GLibLoop?
        for _ in 0..<50 {
            let guest = Guest(loop: GLibLoop(name: "test"))
            last = guest.loop
            _ = await guest.increment()
        }
        // The thread lets go of its loop when it next runs; the suite's limit ends the wait for one that never does.
        while last != nil { try await Task.sleep(for: .milliseconds(1)) }
    }
}

extension Guest {
    /// One turn of the loop with a timer of its own, so that other timers get theirs.
    fileprivate func countOnce() async {
        let loop = loop
        nonisolated(unsafe) var held: GLibTimer?
        await withCheckedContinuation { continuation in
            held = loop.timer(after: .milliseconds(2)) { continuation.resume() }
        }
        held?.cancel()
    }
}
