import EventLoop
import HTTP

/// A server on a free loopback port, and a client, each on a loop of its own.
struct Fixture {
    let server: HTTPServer
    let client: HTTPClient
    let port: UInt16

    init(
        settings: HTTPServerSettings = HTTPServerSettings(), client: HTTPClientSettings = HTTPClientSettings(),
        webSocket: (path: String, handler: HTTPServer.WebSocketHandler)? = nil,
        handler: @escaping HTTPServer.Handler = { Fixture.echo($0) }
    ) async throws {
        server = HTTPServer(
            loop: GLibLoop(name: "server"), settings: settings, webSocket: webSocket, handler: handler)
        self.client = HTTPClient(loop: GLibLoop(name: "client"), settings: client)
        port = try await server.start()
    }

    func url(_ path: String, scheme: String = "http") -> String { "\(scheme)://127.0.0.1:\(port)\(path)" }

    func get(_ path: String, headers: [HTTPHeader] = []) async throws -> HTTPResponse {
        try await client.send("GET", url(path), headers: headers)
    }

    func post(_ path: String, _ body: [UInt8], headers: [HTTPHeader] = []) async throws -> HTTPResponse {
        try await client.send("POST", url(path), headers: headers, body: body)
    }

    static func echo(_ request: HTTPRequest) -> HTTPResponse {
        switch request.path {
        case "/echo": HTTPResponse("application/octet-stream", request.body)
        case "/query": .text(200, request.queryValue("format") ?? "none")
        case "/range": HTTPResponse("application/octet-stream", Array(0..<100))
        case "/large": HTTPResponse("application/octet-stream", [UInt8](repeating: 7, count: 1 << 20))
        default: .text(404, "not found")
        }
    }
}
