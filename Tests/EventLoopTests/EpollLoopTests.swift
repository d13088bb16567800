import EventLoop
import Primitives
import Testing

@Suite(.timeLimit(.minutes(1))) struct EpollLoopTests {
    @Test("timers fire in the order of their deadlines, and cancelled ones do not")
    func timers() async throws {
        let loop = try EpollLoop(name: "test")
        defer { loop.stop() }
        let host = SocketHost(loop: loop)
        let order = await host.fireOrder([30, 5, 20, 1, 12, 25], cancelled: [12, 25])
        #expect(order == [1, 5, 20, 30])
    }

    @Test("a timer never fires early")
    func notEarly() async throws {
        let loop = try EpollLoop(name: "test")
        defer { loop.stop() }
        let host = SocketHost(loop: loop)
        let start = SystemTime.monotonic
        _ = await host.fireOrder([15], cancelled: [])
        #expect(SystemTime.monotonic - start >= .milliseconds(15))
    }

    @Test("an actor on the loop runs there, and nowhere else")
    func isolation() async throws {
        let loop = try EpollLoop(name: "test")
        defer { loop.stop() }
        #expect(!loop.isCurrent)
        #expect(await Lodger(on: loop).runs { loop.isCurrent })
    }

    @Test("many tasks from many threads all run")
    func contention() async throws {
        let loop = try EpollLoop(name: "test")
        defer { loop.stop() }
        let total = await withTaskGroup(of: Int.self) { group in
            let lodger = Lodger(on: loop)
            for number in 0..<500 {
                group.addTask { number % 2 == 0 ? number : await lodger.runs { number } }
            }
            return await group.reduce(0, +)
        }
        #expect(total == 499 * 500 / 2)
    }

    @Test("a job that comes after the stop still runs")
    func lateJobs() async throws {
        let loop = try EpollLoop(name: "test")
        let disk = try BlockingThreadExecutor(name: "test-disk")
        loop.stop()
        disk.stop()
        for _ in 0..<20 {
            #expect(await Lodger(on: loop).runs { loop.isCurrent })
            #expect(await Lodger(on: disk).runs { disk.isCurrent })
        }
    }

    @Test("after the stop a socket is refused")
    func stopped() async throws {
        let loop = try EpollLoop(name: "test")
        let host = SocketHost(loop: loop)
        loop.stop()
        await #expect(throws: SocketError.stopped) { _ = try await host.listen() }
    }

    @Test("the clocks tell plausible times")
    func clocks() {
        #expect(SystemTime.utc > Timestamp(1_700_000_000_000))
        let earlier = SystemTime.monotonic
        #expect(SystemTime.monotonic >= earlier)
    }
}
