internal import EventLoop
internal import FoundationEssentials
internal import HTTP
internal import KeyValue
internal import Ledger
internal import Links
internal import Node
internal import Primitives
internal import RPC

/// `sotto start`: runs a node until it is told to stop.
enum StartCommand {
    static let command = Command(
        "start", "Run the node of a data directory.",
        description: """
            Runs a validator or a node, as the ledger names its member, until SIGTERM or Ctrl-C. Events go to standard
            error, one line each; the addresses it really listens on are the first. The data directory holds genesis,
            keys and sotto.conf: sotto testnet or sotto init makes one. With --snapshot a node that has no ledger yet
            begins with that snapshot, checked against genesis, instead of with the first block. With --bootstrap it
            asks these nodes' RPC for one first: nothing they say is believed, who lies is named and left, and what was
            fetched before an interruption is not fetched again. With node.role = peer it follows a home node as a light
            client instead, and keeps no blocks. Under systemd it tells when it is ready and that it is alive, as
            Scripts/operate/sotto.service expects.
            """,
        flags: [
            .init("--snapshot", "DIRECTORY", "Begin with this snapshot, if there is no ledger yet."),
            .init(
                "--bootstrap", "URLS", "Begin with a snapshot of one of these nodes, comma-separated, if there is none."
            ),
            .init("--authority", "FILE", "PEM file of the certificate authority to trust for https."),
        ],
        example: "sotto start --home ./network/validator-1"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let values = try Settings.read(invocation)
        if !home.exists("data/ledger"), values.text("node.role") != "peer" {
            try await BootstrapStep.run(home, invocation)
        }
        let stop = try StopSignal()
        let manager = ServiceManager(environment: ProcessInfo.processInfo.environment)
        if values.text("node.role") == "peer" {
            let telling = Task { await manager.tellAlive() }  // Ended below.
            defer { telling.cancel() }
            return try await RunningPeer.run(home, values, invocation, until: stop)
        }
        let node = try await RunningNode(home: home, values: values, log: NodeFields.log(values))
        node.announce()
        manager.tell(.ready)
        let telling = Task { await node.tell(manager) }  // Ended below.
        await stop.wait()
        telling.cancel()
        manager.tell(.stopping)
        Output.note("stopping")
        await node.stop()
    }
}

extension ServiceManager {
    /// A peer is ready at once, and has nothing that could stand still without its process.
    fileprivate func tellAlive() async {
        tell(.ready)
        while !Task.isCancelled {
            tell(.alive)
            try? await Task.sleep(for: .seconds(10))
        }
    }
}

/// A node put together from a data directory, and listening.
struct RunningNode: Sendable {
    let server: NodeServer
    let addresses: NodeServer.Addresses
    let member: MemberID

    init(home: HomeFiles, values: SettingsValues, log: Log) async throws(CommandError) {
        let rules = try home.rules()
        member = try home.member()
        let settings = try NodeFields.settings(values, home: home)
        let rpc = try RPCFields.settings(values)
        guard home.exists(HomeFiles.KeyName.link.file) else {
            throw CommandError(
                .settings, "the member of \(home.path) is a person, not a node",
                hint: "sotto init --role node makes a node; a person calls by sotto call")
        }
        let keys = try SignerFields.keys(values, home, on: rules.chain)
        let shares = try home.shares(rules.genesis)
        let runtime: NodeRuntime
        do throws(NodeError) {
            runtime = try NodeRuntime(settings: settings, rules: rules, member: member, keys: keys, log: log)
        } catch {
            throw Self.explain(error, home)
        }
        let parts = try NodeParts(
            runtime: runtime, shares: shares, home: home, snapshotEvery: values.integer("storage.snapshotEvery"))
        server = NodeServer(
            runtime: runtime, rpc: rpc, services: parts.services, version: Sotto.version, logKey: try home.logKey(),
            gateway: parts.gateway)
        do {
            addresses = try await server.start()
        } catch let error as NodeError {
            throw Self.explain(error, home)
        } catch {
            throw CommandError(
                .settings,
                "the RPC cannot listen on \(values.text("rpc.address")):\(values.integer("rpc.port")): \(error)",
                hint: "another process may use the port; set rpc.port")
        }
    }

    func announce() {
        Output.note(
            "node \(member.hex.prefix(12)) rpc=\(addresses.rpcPort) link=\(addresses.link?.port ?? 0) "
                + "dht=\(addresses.dht.port)"
        )
    }

    func stop() async { await server.stop() }

    /// Tells the service manager how the node stands, until cancelled. A node whose store failed, or whose chain's
    /// thread does not answer, is not called alive.
    func tell(_ manager: ServiceManager) async {
        let pause = min(manager.watchdogInterval.map { $0 / 3 } ?? .seconds(10), .seconds(10))
        while !Task.isCancelled {
            let height = await server.runtime.chain.status.height.rawValue
            let report = await server.runtime.stallReport
            if report?.stall.failure == nil { manager.tell(.alive) }
            manager.tell(.status("height \(height)" + (report.map { ", stalled: \($0.headline)" } ?? "")))
            try? await Task.sleep(for: pause)
        }
    }

    private static func explain(_ error: NodeError, _ home: HomeFiles) -> CommandError {
        switch error {
        case .store(.store(.locked)):
            CommandError("\(home.ledgerPath) is in use", hint: "another sotto runs on this data directory")
        case .store(.otherChain):
            CommandError(.settings, "\(home.ledgerPath) belongs to another network than \(home.path)/genesis.cbor")
        case .store(.newerLayout(let version)):
            CommandError("\(home.ledgerPath) was written by a newer sotto (layout \(version))", hint: "upgrade sotto")
        case .store(let error): StoredLedger.explain(error, home.ledgerPath)
        case .unknownMember(let member):
            CommandError(
                .settings, "the ledger does not know member \(member.hex.prefix(12)) with these keys",
                hint: "has the registrar admitted it? sotto member admit")
        case .signer(let error): SignerFields.explain(error)
        case .link(.cannotListen(let error)):
            CommandError(.settings, "link.listen cannot be listened on: \(error)", hint: "another process may use it")
        case .socket(let error):
            CommandError(.settings, "dht.listen cannot be used: \(error)", hint: "another process may use it")
        case .link(let error): CommandError("links cannot be made: \(error)")
        case .settings(let faults): CommandError(.settings, messages: faults.faults.map { "\($0)" })
        case .identity: CommandError(.settings, "keys/link.key cannot be used in TLS")
        case .state: CommandError("the state in \(home.ledgerPath) cannot be read", hint: "sotto ledger verify")
        }
    }
}

/// The services of a node beside the ledger's own.
struct NodeParts {
    var services: [any NodeServicing] = []
    var gateway: (@Sendable (HTTPRequest) async -> HTTPResponse)?

    init(
        runtime: NodeRuntime, shares: NodeShares, home: HomeFiles, snapshotEvery: UInt64
    ) throws(CommandError) {
        services.append(PhoneService(node: runtime, shares: shares))
        services.append(DHTService(node: runtime))
        services.append(ReleaseService(node: runtime, shares: shares))
        try addContent(runtime, home)
        services.append(HomeService(node: runtime))
        services.append(SnapshotService(try home.shelf(runtime.rules.chain), every: snapshotEvery))
        do throws(NodeError) {
            services.append(try CallCommitService(node: runtime, path: home.path + "/commitments"))
        } catch {
            throw CommandError("the store \(home.path)/commitments cannot be used: \(error)")
        }
    }
}

/// Waits for SIGTERM or SIGINT.
final class StopSignal: Sendable {
    private let loop: EpollLoop
    private let stream: AsyncStream<Void>

    init() throws(CommandError) {
        do throws(SocketError) {
            loop = try EpollLoop(name: "signals")
        } catch {
            throw CommandError("no thread for signals: \(error)")
        }
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        self.stream = stream
        let watcher = Watcher(loop: loop)
        // Ends with the program.
        Task { await watcher.watch { continuation.yield() } }
    }

    /// Returns at the first signal; a second call waits for the next.
    func wait() async {
        var iterator = stream.makeAsyncIterator()
        _ = await iterator.next()
    }

    private actor Watcher {
        nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }
        private let loop: EpollLoop
        private var watch: SignalWatch?

        init(loop: EpollLoop) { self.loop = loop }

        func watch(_ body: @escaping @Sendable () -> Void) {
            watch = try? SignalWatch(on: loop, signals: [.interrupt, .terminate]) { _ in body() }
        }
    }
}
