internal import FoundationEssentials
internal import Ledger
internal import Node
internal import Primitives

/// What `sotto start` does first when there is no ledger yet: `--snapshot` or `--bootstrap`.
enum BootstrapStep {
    static func run(_ home: HomeFiles, _ invocation: Invocation) async throws(CommandError) {
        if let path = invocation.flag("--snapshot") {
            let manifest = try SnapshotCommands.restore(path, home, replacing: false)
            Output.note("restored height \(manifest.height) from \(path)")
        } else if let nodes = invocation.flag("--bootstrap") {
            try await fetch(nodes.split(separator: ",").map(String.init), home, invocation)
        }
    }

    private static func fetch(
        _ urls: [String], _ home: HomeFiles, _ invocation: Invocation
    ) async throws(CommandError) {
        guard !urls.isEmpty, urls.count <= Bootstrap.sourcesMax else {
            throw CommandError(.usage, "--bootstrap takes 1 to \(Bootstrap.sourcesMax) URLs, comma-separated")
        }
        let rules = try home.rules()
        try home.make()
        var sources: [Bootstrap.Source] = []
        for url in urls { sources.append(Bootstrap.Source(url, try NodeConnection(invocation, url: url).client)) }
        do throws(Bootstrap.Fault) {
            let bootstrap = try Bootstrap(from: sources, into: home.bootstrapPath, rules: rules, tell)
            defer { bootstrap.stop() }
            let manifest = try await bootstrap.run(to: home.ledgerPath)
            Output.note("restored height \(manifest.height); later blocks come over the links")
        } catch {
            throw explain(error, home)
        }
    }

    private static let tell: @Sendable (Bootstrap.Notice) -> Void = { notice in
        switch notice {
        case .left(let name, let why): Output.note("\(name) is asked no more: \(why)")
        case .empty(let name): Output.note("\(name) has no snapshot")
        case .passed(let height, let why): Output.note("the snapshot of height \(height) is not taken: \(why)")
        case .chosen(let height, let chunkCount, let byteCount, let names):
            let from = names.isEmpty ? "" : " from " + names.joined(separator: ", ")
            Output.note("fetching height \(height), \(chunkCount) chunks, \(byteCount) bytes\(from)")
        case .chunk(let count, let all, let fetched):
            if count == all || count % 64 == 0 {
                Output.note("chunk \(count) of \(all), \(fetched) of them fetched now")
            }
        case .restoring(let height): Output.note("checking and restoring height \(height)")
        }
    }

    private static func explain(_ error: Bootstrap.Fault, _ home: HomeFiles) -> CommandError {
        switch error {
        case .noSnapshot:
            CommandError(
                .refused, "none of the nodes has a snapshot that can be taken; the lines above say why",
                hint:
                    "a node makes them with the setting storage.snapshotEvery, or sotto snapshot create; without one, "
                    + "start without --bootstrap replays the chain")
        case .forked(let alarm, let first, let second):
            CommandError(
                .refused,
                "there are two ledgers: \(first) and \(second) prove two records of height "
                    + "\(alarm.first.record.height), and \(alarm.evidence.count) validators signed both",
                hint: "do not go on before the operators know whose is right; sotto light follow keeps the proof")
        case .store(let fault): CommandError(fault, in: home.path)
        case .stopped: CommandError("stopped", hint: "the same command goes on from there")
        }
    }
}

extension HomeFiles {
    /// The snapshots that are handed out.
    func shelf(_ chain: ChainID) throws(CommandError) -> SnapshotShelf {
        do throws(SnapshotFault) {
            return try SnapshotShelf(path: snapshotsPath, chain: chain)
        } catch {
            throw CommandError(error, in: snapshotsPath)
        }
    }
}
