internal import EventLoop
internal import HTTP
internal import RPC

/// How a command reaches the node it works with: `--node`, then the setting `client.node`.
struct NodeConnection: Sendable {
    static let flags = [
        Command.Flag("--node", "URL", "The node's address. Default the setting client.node."),
        Command.Flag("--authority", "FILE", "PEM file of the certificate authority to trust for https."),
        Command.Flag("--timeout", "SECONDS", "How long to wait for an answer. Default 10."),
    ]

    let client: RPCClient
    private let url: String

    /// - Parameter url: the node, where a command knows better than its flags.
    init(_ invocation: Invocation, url given: String? = nil) throws(CommandError) {
        if let node = given ?? invocation.flag("--node") {
            url = node
        } else {
            url = try Settings.read(invocation).text("client.node")
        }
        var settings = HTTPClientSettings()
        settings.authorityPath = invocation.flag("--authority")
        if let text = invocation.flag("--timeout") {
            guard let seconds = Int64(text), (1...3600).contains(seconds) else {
                throw CommandError(.usage, "--timeout takes whole seconds from 1 to 3600")
            }
            settings.timeout = .seconds(seconds)
        }
        let http = HTTPClient(loop: GLibLoop(name: "sotto-rpc"), settings: settings)
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        client = RPCClient(http: http, url: base.hasSuffix(RPCServer.path) ? base : base + RPCServer.path)
    }

    /// Calls a method, with errors made for people.
    func call(_ method: String, _ params: JSONValue? = nil) async throws(CommandError) -> JSONValue {
        do throws(RPCClientError) {
            return try await client.call(method, params)
        } catch {
            throw explain(error)
        }
    }

    func explain(_ error: RPCClientError) -> CommandError {
        switch error {
        case .unreachable(.timedOut): CommandError(.timedOut, "\(url) did not answer in time", hint: "try --timeout 60")
        case .unreachable(.badURL): CommandError(.usage, "\(url) is no http or https URL")
        case .unreachable(.untrusted), .unreachable(.badCertificate):
            CommandError(.unreachable, "the certificate of \(url) is not trusted", hint: "pass --authority FILE")
        case .unreachable:
            CommandError(.unreachable, "cannot reach \(url)", hint: "is the node running? sotto start, or --node URL")
        case .notRPC(let status):
            CommandError(.unreachable, "\(url) answered HTTP \(status), not JSON-RPC", hint: "is this a Sotto node?")
        case .refused(let error):
            CommandError(.refused, "\(error.message) (\(error.number))", hint: hint(for: error))
        }
    }

    private func hint(for error: RPCError) -> String? {
        switch error.code {
        case .methodNotFound:
            error.data?["nearest"]?.string.map { "did you mean: \($0)" } ?? "sotto rpc methods lists what it knows"
        case .rateLimited, .busy, .notReady:
            error.data?["retryAfterMilliseconds"]?.unsigned.map { "try again in \($0 / 1000 + 1) s" }
        default: nil
        }
    }
}
