import EventLoop
import HTTP
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPServerTests {
    @Test("a request reaches the handler and its answer comes back")
    func echo() async throws {
        let fixture = try await Fixture()
        let body = [UInt8]("hello".utf8)
        let answer = try await fixture.post("/echo", body)
        #expect(answer.status == 200)
        #expect(answer.body == body)
        #expect(answer.contentType == "application/octet-stream")
        #expect(try await fixture.get("/query?format=raw").body == Array("raw\n".utf8))
        #expect(try await fixture.get("/nothing").status == 404)
        await fixture.server.stop()
    }

    @Test("many requests at once are all answered")
    func concurrency() async throws {
        let fixture = try await Fixture()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<50 {
                group.addTask {
                    let body = [UInt8]("request \(index)".utf8)
                    return try await fixture.post("/echo", body).body == body
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        await fixture.server.stop()
    }

    @Test("a byte range of a whole answer is served as 206")
    func range() async throws {
        let fixture = try await Fixture()
        let answer = try await fixture.get("/range", headers: [HTTPHeader("Range", "bytes=10-19")])
        #expect(answer.status == 206)
        #expect(answer.body == Array(10..<20))
        await fixture.server.stop()
    }

    @Test("a body above the limit is answered 413, and the server goes on")
    func bodyLimit() async throws {
        var settings = HTTPServerSettings()
        settings.bodyByteCountMax = 1000
        let fixture = try await Fixture(settings: settings)
        #expect(try await fixture.post("/echo", [UInt8](repeating: 1, count: 1000)).status == 200)
        #expect(try await fixture.post("/echo", [UInt8](repeating: 1, count: 1001)).status == 413)
        #expect(try await fixture.post("/echo", [2]).status == 200)
        await fixture.server.stop()
    }

    @Test("header fields above the limit are answered 431")
    func headerLimit() async throws {
        let fixture = try await Fixture()
        let field = HTTPHeader("X-Filler", String(repeating: "x", count: 17 << 10))
        #expect(try await fixture.get("/range", headers: [field]).status == 431)
        await fixture.server.stop()
    }

    @Test("an address that asks too often is answered 429 with a time to wait")
    func rateLimit() async throws {
        var settings = HTTPServerSettings()
        settings.requestsPerSecond = 0.01
        settings.requestBurst = 3
        let fixture = try await Fixture(settings: settings)
        for _ in 0..<3 { #expect(try await fixture.get("/range").status == 200) }
        let refused = try await fixture.get("/range")
        #expect(refused.status == 429)
        #expect(refused.headers.value("Retry-After") != nil)
        await fixture.server.stop()
    }

    @Test("one connection more than the limit is closed at once, and closed ones do not count")
    func connectionLimit() async throws {
        var settings = HTTPServerSettings()
        settings.connectionCountMax = 2
        let hold: HTTPServer.WebSocketHandler = { connection in for await _ in connection.messages {} }
        let fixture = try await Fixture(settings: settings, webSocket: ("/socket", hold))
        for _ in 0..<5 {
            #expect(try await fixture.get("/range").status == 200)
            while await fixture.server.connectionCount > 0 { await Task.yield() }
        }
        let url = fixture.url("/socket", scheme: "ws")
        let sockets = [try await fixture.client.openWebSocket(url), try await fixture.client.openWebSocket(url)]
        #expect(await fixture.server.connectionCount == 2)
        await #expect(throws: HTTPError.self) { try await fixture.get("/range") }
        for socket in sockets { await socket.close() }
        while await fixture.server.connectionCount > 0 { await Task.yield() }
        #expect(try await fixture.get("/range").status == 200)
        await fixture.server.stop()
    }

    @Test(
        "a page of another origin is refused",
        arguments: [
            ("http://evil.example", 403), ("null", 403), ("https://127.0.0.1.evil.example", 403),
        ])
    func foreignOrigin(origin: String, status: Int) async throws {
        let fixture = try await Fixture()
        #expect(try await fixture.get("/range", headers: [HTTPHeader("Origin", origin)]).status == status)
        let own = HTTPHeader("Origin", "http://127.0.0.1:\(fixture.port)")
        #expect(try await fixture.get("/range", headers: [own]).status == 200)
        await fixture.server.stop()
    }

    @Test("without a certificate only loopback is listened on")
    func loopbackOnly() async {
        var settings = HTTPServerSettings()
        settings.address = "0.0.0.0"
        let server = HTTPServer(loop: GLibLoop(name: "server"), settings: settings) { _ in .text(200, "") }
        await #expect(throws: HTTPError.loopbackOnly) { try await server.start() }
    }

    @Test("a taken port and a bad address are reported")
    func cannotListen() async throws {
        let fixture = try await Fixture()
        var settings = HTTPServerSettings()
        settings.port = fixture.port
        let loop = GLibLoop(name: "second")
        await #expect(throws: HTTPError.cannotListen) {
            try await HTTPServer(loop: loop, settings: settings) { _ in .text(200, "") }.start()
        }
        settings.address = "localhost.example"
        await #expect(throws: HTTPError.cannotListen) {
            try await HTTPServer(loop: loop, settings: settings) { _ in .text(200, "") }.start()
        }
        await fixture.server.stop()
    }

    @Test("a request that is being worked on is answered before the server stops")
    func gracefulStop() async throws {
        let (started, signal) = AsyncStream.makeStream(of: Void.self)
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let fixture = try await Fixture { _ in
            signal.finish()
            for await _ in gate {}
            return .text(200, "done")
        }
        async let answer = fixture.get("/slow")
        for await _ in started {}
        async let stopped: Void = fixture.server.stop(grace: .seconds(20))
        open.finish()
        #expect(try await answer.status == 200)
        await stopped
        await #expect(throws: HTTPError.self) { try await fixture.get("/range") }
    }
}
