import EventLoop
import HTTP
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPClientTests {
    @Test("an answer above the limit is given up")
    func bodyLimit() async throws {
        var settings = HTTPClientSettings()
        settings.bodyByteCountMax = 1000
        let fixture = try await Fixture(client: settings)
        await #expect(throws: HTTPError.tooLarge(limit: 1000)) { try await fixture.get("/large") }
        #expect(try await fixture.get("/range").status == 200)
        await fixture.server.stop()
    }

    @Test("an answer that does not come in time is given up")
    func timeout() async throws {
        var settings = HTTPClientSettings()
        settings.timeout = .milliseconds(50)
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let fixture = try await Fixture(client: settings) { _ in
            for await _ in gate {}
            return .text(200, "late")
        }
        await #expect(throws: HTTPError.timedOut) { try await fixture.get("/slow") }
        open.finish()
        await fixture.server.stop()
    }

    @Test("nobody at the address, and no URL at all, are told apart")
    func refused() async throws {
        let fixture = try await Fixture()
        await fixture.server.stop()
        await #expect(throws: HTTPError.cannotConnect) { try await fixture.get("/range") }
        await #expect(throws: HTTPError.badURL) { try await fixture.client.send("GET", "file:///etc/passwd") }
        await #expect(throws: HTTPError.badURL) { try await fixture.client.send("GET", "http://") }
    }

    @Test("a cancelled caller does not wait")
    func cancellation() async throws {
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let (started, signal) = AsyncStream.makeStream(of: Void.self)
        let fixture = try await Fixture { _ in
            signal.finish()
            for await _ in gate {}
            return .text(200, "late")
        }
        let task = Task { try await fixture.get("/slow") }
        for await _ in started {}
        task.cancel()
        await #expect(throws: HTTPError.closed) { try await task.value }
        open.finish()
        await fixture.server.stop()
    }
}
