internal import FoundationEssentials
internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Wire

/// `sotto snapshot create|list|verify|restore`.
enum SnapshotCommands {
    static let create = Command(
        "snapshot create", "Write a snapshot of a stopped node's ledger.",
        description: """
            Writes the state, the log, the heads with their finality proofs, and the transactions that may still be
            replayed, as they stand in the data directory, in chunks of about 192 KiB with a list of their hashes. A new
            node starts from it without replaying the chain. No transaction's body is in it.
            """,
        flags: [.init("--output", "DIRECTORY", "Where to write. Default data/snapshots/HEIGHT in the data directory.")],
        example: "sotto snapshot create --home ./network/validator-1"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let ledger = try StoredLedger(home, invocation)
        defer { ledger.store.close() }
        guard let tip = try? ledger.store.tip() else { throw CommandError("the store has no tip") }
        let path = invocation.flag("--output") ?? home.snapshotsPath + "/\(tip.record.height)"
        guard !FileManager.default.fileExists(atPath: path) else {
            throw CommandError("\(path) is there already", hint: "remove it, or pass --output DIRECTORY")
        }
        if invocation.flag("--output") == nil { try HomeFiles(home.snapshotsPath).make(isBare: true) }
        do throws(SnapshotFault) {
            let manifest = try SnapshotWriter.write(ledger.store, rules: ledger.rules, into: SnapshotDirectory(path))
            show(manifest, path, invocation)
        } catch {
            try? FileManager.default.removeItem(atPath: path)
            throw CommandError(error, in: path)
        }
    }

    static let list = Command(
        "snapshot list", "List the snapshots of a data directory.",
        description: "Lists what lies in data/snapshots. Nothing is checked: sotto snapshot verify does that.",
        example: "sotto snapshot list --home ./network/validator-1"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: home.snapshotsPath)) ?? []
        var rows: [[String]] = []
        var values: [JSONValue] = []
        for name in names.sorted(by: { (UInt64($0) ?? 0, $0) < (UInt64($1) ?? 0, $1) }) {
            guard let manifest = try? SnapshotDirectory(home.snapshotsPath + "/" + name).manifest() else { continue }
            rows.append([
                "\(manifest.height)", "\(manifest.chunks.count)", "\(manifest.byteCount)",
                home.snapshotsPath + "/" + name,
            ])
            values.append(json(manifest, home.snapshotsPath + "/" + name))
        }
        if invocation.wantsJSON { return Output.json(.list(values)) }
        Output.line(
            rows.isEmpty
                ? "no snapshots in \(home.snapshotsPath)" : Table.titled(["height", "chunks", "bytes", "path"], rows))
    }

    static let verify = Command(
        "snapshot verify", "Check a snapshot against genesis.",
        description: """
            Checks every chunk, the links of headers and records from genesis to the newest, its finality proof, every
            certificate, the root of the log, of the newest transactions and of the state. Needs genesis.cbor in the
            data directory and nothing else. Names the step that fails and why, and leaves with 1.
            """,
        arguments: [.init("DIRECTORY", "the snapshot")],
        example: "sotto snapshot verify ./network/validator-1/data/snapshots/120 --home ./alice"
    ) { invocation throws(CommandError) in
        let path = try invocation.required(0, "DIRECTORY")
        let rules = try HomeFiles(invocation).rules()
        do throws(SnapshotFault) {
            let (manifest, report) = try SnapshotChecker.check(SnapshotDirectory(path), rules: rules)
            if invocation.wantsJSON { return Output.json(json(manifest, path)) }
            Output.line(
                """
                verified: height \(manifest.height), \(manifest.chunks.count) chunks, \(report.heads) heads, \
                \(report.finalizations) finalizations, \(report.logLeaves) log leaves, \
                \(report.recentTransactions) recent transactions, \(report.stateEntries) state entries
                """)
        } catch {
            throw CommandError(error, in: path)
        }
    }

    static let restore = Command(
        "snapshot restore", "Make a stopped node's ledger from a snapshot.",
        description: """
            Checks the snapshot like sotto snapshot verify while it builds a store beside data/ledger, which takes its
            place in one step at the end; what is interrupted leaves nothing that starts, and is run again. A store that
            is there already is replaced with --replace only, if the snapshot is newer; what its validator has signed is
            kept. Blocks up to the snapshot's height count as pruned afterwards.
            """,
        arguments: [.init("DIRECTORY", "the snapshot")],
        flags: [.init("--replace", "Replace the store that is there.")],
        example: "sotto snapshot restore ./snapshots/120 --home ./alice"
    ) { invocation throws(CommandError) in
        let path = try invocation.required(0, "DIRECTORY")
        let manifest = try restore(path, HomeFiles(invocation), replacing: invocation.has("--replace"))
        show(manifest, path, invocation)
    }

    /// Restores a snapshot to a data directory.
    static func restore(
        _ path: String, _ home: HomeFiles, replacing: Bool
    ) throws(CommandError) -> SnapshotManifest {
        let rules = try home.rules()
        try home.make()
        do throws(SnapshotFault) {
            return try SnapshotRestore.run(
                SnapshotDirectory(path), to: home.ledgerPath, rules: rules, replacing: replacing)
        } catch {
            throw CommandError(error, in: path)
        }
    }

    private static func show(_ manifest: SnapshotManifest, _ path: String, _ invocation: Invocation) {
        if invocation.wantsJSON { return Output.json(json(manifest, path)) }
        Output.line(
            "height \(manifest.height), \(manifest.chunks.count) chunks, \(manifest.byteCount) bytes: \(path)")
    }

    private static func json(_ manifest: SnapshotManifest, _ path: String) -> JSONValue {
        [
            "height": .unsigned(manifest.height.rawValue), "chain": .string(manifest.chain.hex),
            "record": .string(manifest.tip.recordID.description), "time": .unsigned(manifest.tip.record.time.rawValue),
            "logSize": .unsigned(manifest.tip.record.logSize), "chunks": .unsigned(UInt64(manifest.chunks.count)),
            "bytes": .unsigned(UInt64(manifest.byteCount)), "path": .string(path),
        ]
    }
}
