package import EventLoop
package import HTTP

/// The node's port: `/rpc` for JSON-RPC by POST and WebSocket, `/healthz`, `/readyz`, `/metrics`, `/ipfs/…`, `/log/…`.
package struct RPCServer: Sendable {
    package static let path = "/rpc"

    private let server: HTTPServer

    package init(
        loop: GLibLoop, settings: RPCSettings, registry: RPCRegistry, node: RPCNode, metrics: MetricsRegistry
    ) {
        let dispatcher = RPCDispatcher(registry: registry, settings: settings, node: node, metrics: metrics)
        let routes = RPCRoutes(dispatcher: dispatcher, node: node, metrics: metrics)
        server = HTTPServer(
            loop: loop, settings: settings.serverSettings,
            webSocket: (
                Self.path,
                { connection in
                    await RPCSession(dispatcher: dispatcher, connection: connection, metrics: metrics).run()
                }
            )
        ) { await routes.answer($0) }
    }

    /// Listens; returns the port.
    @discardableResult
    package func start() async throws(HTTPError) -> UInt16 { try await server.start() }

    /// Lets open requests finish, at most `grace`, and closes everything.
    package func stop(grace: Duration = .seconds(2)) async { await server.stop(grace: grace) }
}

/// Which path leads where.
struct RPCRoutes: Sendable {
    let dispatcher: RPCDispatcher
    let node: RPCNode
    let metrics: MetricsRegistry

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        if request.path == RPCServer.path { return await answerRPC(request) }
        guard ["GET", "HEAD"].contains(request.method) else { return notAllowed("GET, HEAD") }
        switch request.path {
        case "/healthz": return .text(200, "ok")
        case "/readyz":
            guard let reason = await node.unreadiness() else { return .text(200, "ready") }
            return .text(503, reason)
        case "/metrics":
            return HTTPResponse("text/plain; version=0.0.4; charset=utf-8", Array(metrics.text.utf8))
        default:
            if request.path.hasPrefix("/log/"), let log = node.log { return await log(request) }
            guard request.path.hasPrefix("/ipfs/"), let gateway = node.gateway else { return .text(404, "not found") }
            return await gateway(request)
        }
    }

    private func answerRPC(_ request: HTTPRequest) async -> HTTPResponse {
        guard request.method == "POST" else { return notAllowed("POST") }
        // Demanding this type keeps web pages out: a browser asks before it sends it to another origin.
        let type = request.headers.value("Content-Type")?.split(separator: ";").first?.lowercased()
        guard type?.trimmingSpaces == "application/json" else { return .text(415, "application/json expected") }
        guard let answer = await dispatcher.answer(request.body, from: request.address) else {
            return HTTPResponse(status: 204)
        }
        var response = HTTPResponse("application/json", answer.utf8)
        response.headers.append(HTTPHeader("Cache-Control", "no-store"))
        if let wait = answer["error"]?["data"]?["retryAfterMilliseconds"]?.unsigned,
            answer["error"]?["code"] == .negative(Int64(RPCErrorCode.rateLimited.rawValue))
        {
            response.status = 429
            response.headers.append(HTTPHeader("Retry-After", "\(wait / 1000 + 1)"))
        }
        return response
    }

    private func notAllowed(_ methods: String) -> HTTPResponse {
        var response = HTTPResponse.text(405, "method not allowed")
        response.headers.append(HTTPHeader("Allow", methods))
        return response
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
