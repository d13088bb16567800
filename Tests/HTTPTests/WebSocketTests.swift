import EventLoop
import HTTP
import Testing

@Suite(.timeLimit(.minutes(1)))
struct WebSocketTests {
    private static let echo: HTTPServer.WebSocketHandler = { connection in
        for await message in connection.messages { try? await connection.send(message) }
    }

    @Test("messages of both kinds come back in order")
    func echo() async throws {
        let fixture = try await Fixture(webSocket: ("/socket", Self.echo))
        let connection = try await fixture.client.openWebSocket(fixture.url("/socket", scheme: "ws"))
        let sent: [WebSocketMessage] = [.text("one"), .binary([0, 255]), .text("zwölf"), .binary([])]
        for message in sent { try await connection.send(message) }
        var received: [WebSocketMessage] = []
        for await message in connection.messages {
            received.append(message)
            if received.count == sent.count { break }
        }
        #expect(received == sent)
        await connection.close()
        await #expect(throws: HTTPError.closed) { try await connection.send(.text("late")) }
        await fixture.server.stop()
    }

    @Test("a server that stops closes its sockets with 1001")
    func goingAway() async throws {
        let fixture = try await Fixture(webSocket: ("/socket", Self.echo))
        let connection = try await fixture.client.openWebSocket(fixture.url("/socket", scheme: "ws"))
        try await connection.send(.text("here"))
        for await _ in connection.messages { break }
        await fixture.server.stop()
        for await _ in connection.messages {}
        #expect(await connection.closeCode == 1001)
    }

    @Test("a message above the limit closes the connection")
    func messageLimit() async throws {
        var settings = HTTPServerSettings()
        settings.webSocketMessageMax = 1000
        let fixture = try await Fixture(settings: settings, webSocket: ("/socket", Self.echo))
        let connection = try await fixture.client.openWebSocket(fixture.url("/socket", scheme: "ws"))
        try await connection.send(.binary([UInt8](repeating: 1, count: 2000)))
        for await message in connection.messages { Issue.record("\(message.self) came back") }
        await fixture.server.stop()
    }

    @Test("a reader that does not read fills the queue, and the sender is told")
    func slowReader() async throws {
        var settings = HTTPServerSettings()
        settings.webSocketQueue.outgoingCountMax = 2
        var patient = HTTPClientSettings()
        patient.webSocketQueue.incomingCountMax = 10_000
        patient.webSocketQueue.incomingByteCountMax = 1 << 30
        let (outcome, report) = AsyncStream.makeStream(of: HTTPError?.self)
        let sender: HTTPServer.WebSocketHandler = { connection in
            let block = [UInt8](repeating: 9, count: 256 << 10)
            var refusal: HTTPError?
            for _ in 0..<1000 where refusal == nil {
                do throws(HTTPError) { try await connection.send(.binary(block)) } catch { refusal = error }
            }
            report.yield(refusal)
            report.finish()
            for await _ in connection.messages {}
        }
        let fixture = try await Fixture(settings: settings, client: patient, webSocket: ("/socket", sender))
        let connection = try await fixture.client.openWebSocket(fixture.url("/socket", scheme: "ws"))
        for await refusal in outcome { #expect(refusal == .queueFull) }
        await connection.close()
        await fixture.server.stop()
    }

    @Test("a peer that sends faster than it is served is cut off")
    func flood() async throws {
        var settings = HTTPServerSettings()
        settings.webSocketQueue.incomingCountMax = 4
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let fixture = try await Fixture(settings: settings, webSocket: ("/socket", { _ in for await _ in gate {} }))
        let connection = try await fixture.client.openWebSocket(fixture.url("/socket", scheme: "ws"))
        for _ in 0..<5 { try? await connection.send(.text("x")) }
        for await _ in connection.messages {}
        #expect(await connection.closeCode == 1008)
        open.finish()
        await fixture.server.stop()
    }

    @Test("a page of another origin gets no WebSocket, and another path has none")
    func refusals() async throws {
        let fixture = try await Fixture(webSocket: ("/socket", Self.echo))
        await #expect(throws: HTTPError.self) {
            _ = try await fixture.client.openWebSocket(fixture.url("/other", scheme: "ws"))
        }
        let url = fixture.url("/socket", scheme: "ws")
        await #expect(throws: HTTPError.self) {
            _ = try await fixture.client.openWebSocket(url, origin: "http://evil.example")
        }
        #expect(try await fixture.post("/socket", [1]).status == 404)
        let own = try await fixture.client.openWebSocket(url, origin: "http://127.0.0.1:\(fixture.port)")
        await own.close()
        await fixture.server.stop()
    }
}
