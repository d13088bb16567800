internal import EventLoop
internal import HTTP
internal import Ledger
internal import Node
internal import Primitives
internal import RPC

/// A member's connection to its home node, from the keys in a data directory.
enum MemberConnection {
    static let flags = [
        Command.Flag("--node", "URL", "The home node's address. Default the setting client.node."),
        Command.Flag("--authority", "FILE", "PEM file of the certificate authority to trust for https."),
    ]

    /// The member of `home`, or of the data directory that the command line names.
    static func open(_ invocation: Invocation, home: HomeFiles? = nil) async throws(CommandError) -> HomeClient {
        let files: HomeFiles
        if let home { files = home } else { files = try HomeFiles(invocation) }
        return try await open(
            home: files, url: try url(invocation), authority: invocation.flag("--authority"),
            keys: try SignerFields.deviceKeys(invocation, files))
    }

    static func url(_ invocation: Invocation) throws(CommandError) -> String {
        let url: String
        if let node = invocation.flag("--node") {
            url = node
        } else {
            url = try Settings.read(invocation).text("client.node")
        }
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        return base.hasSuffix(RPCServer.path) ? base : base + RPCServer.path
    }

    /// - Parameter keys: nil for those in the data directory.
    static func open(
        home: HomeFiles, url: String, authority: String?, keys: DeviceKeys? = nil
    ) async throws(CommandError) -> HomeClient {
        var settings = HTTPClientSettings()
        settings.authorityPath = authority
        settings.timeout = .seconds(30)
        let http = HTTPClient(loop: GLibLoop(name: "member"), settings: settings)
        let (rules, member) = (try home.rules(), try home.member())
        let held: DeviceKeys
        if let keys { held = keys } else { held = try home.deviceKeys() }
        do throws(HomeError) {
            return try await HomeClient(url: url, http: http, rules: rules, member: member, keys: held)
        } catch {
            throw error.explained
        }
    }
}

extension HomeError {
    /// What a person reads.
    var explained: CommandError {
        switch self {
        case .rpc(.unreachable):
            CommandError(.unreachable, "the home node cannot be reached", hint: "is it running? check --node")
        case .rpc(.notRPC(let status)):
            CommandError(.unreachable, "the home node answered HTTP \(status), not JSON-RPC")
        case .rpc(.refused(let error)): CommandError(.refused, "\(error.message) (\(error.number))")
        case .malformedAnswer(let method): CommandError(.refused, "the node's answer to \(method) cannot be read")
        case .unproven(let method):
            CommandError(
                .refused, "the node's answer to \(method) is not proven by the network's validators",
                hint: "do not trust this node; use another with --node")
        case .outdated(let method):
            CommandError(
                .refused, "the node's answer to \(method) is too old",
                hint: "does the network stand still? sotto status; or do not trust this node")
        case .refused(let outcome):
            CommandError(.refused, "the ledger refused it at height \(outcome.height): \(outcome.result.word)")
        case .otherNetwork: CommandError(.settings, "the node is of another network than genesis.cbor")
        }
    }
}

/// Runs a step that may fail as the home node does.
func explained<Value>(_ body: () async throws(HomeError) -> Value) async throws(CommandError) -> Value {
    do throws(HomeError) {
        return try await body()
    } catch {
        throw error.explained
    }
}

/// Reads a member's id in either of its forms.
func memberID(_ text: String, chain: ChainID) throws(CommandError) -> MemberID {
    guard let id = MemberID(hex: text) ?? MemberID(text: text, chain: chain) else {
        throw CommandError(.usage, "\(text) is no member of this network", hint: "64 hexadecimal digits or did:sotto:…")
    }
    return id
}
