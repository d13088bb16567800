internal import EventLoop
internal import FoundationEssentials
internal import KeyValue
internal import Ledger
internal import Node
internal import Primitives
internal import RPC

/// `sotto inspect|rollback|replay|compact`: on the data of a node that does not run.
enum OfflineCommands {
    static let inspect = Command(
        "inspect", "Serve the read-only RPC over a stopped node's data.",
        description: """
            Opens the ledger of the data directory, while no node runs on it, and answers the questions of the RPC about
            it on rpc.address and rpc.port until SIGTERM or Ctrl-C: blocks, transactions, facts, proofs, members.
            Nothing is taken in, sent, voted or signed.
            """,
        example: "sotto inspect --home ./network/validator-1"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let member = try home.member()
        let values = try Settings.read(invocation)
        let settings = try RPCFields.settings(values)
        let ledger = try StoredLedger(home, invocation)
        let stop = try StopSignal()
        let shelf = try home.shelf(ledger.rules.chain)
        let server: InspectServer
        do throws(NodeError) {
            server = try InspectServer(
                store: ledger.store, rules: ledger.rules, member: member, rpc: settings, version: Sotto.version,
                snapshots: shelf)
        } catch {
            throw CommandError("the ledger in \(home.ledgerPath) cannot be read: \(error)", hint: "sotto ledger verify")
        }
        let port: UInt16
        do {
            port = try await server.start()
        } catch {
            throw CommandError(
                .settings, "the RPC cannot listen on \(values.text("rpc.address")):\(values.integer("rpc.port"))",
                hint: "another process may use the port; set rpc.port")
        }
        Output.note("inspecting \(home.ledgerPath) rpc=\(port)")
        await stop.wait()
        await server.stop()
    }

    static let replay = Command(
        "replay", "Execute a stopped node's whole ledger again.",
        description: """
            Executes every block again into a store of its own beside the node's, from genesis or from a snapshot, and
            holds every record, with all its roots, and every result against what is stored. Prints how fast that was.
            The node's data stay as they are; the new store is removed at the end. sotto ledger verify also checks the
            signatures of consensus.
            """,
        flags: [.init("--from", "DIRECTORY", "Begin with this snapshot instead of genesis.")],
        example: "sotto replay --home ./network/validator-1"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let ledger = try StoredLedger(home, invocation)
        defer { ledger.store.close() }
        let path = home.ledgerPath + ".replay"
        defer { try? DurableDirectory.remove(path) }
        try? DurableDirectory.remove(path)
        if let snapshot = invocation.flag("--from") {
            do throws(SnapshotFault) {
                try SnapshotRestore.run(SnapshotDirectory(snapshot), to: path, rules: ledger.rules)
            } catch {
                throw CommandError(error, in: snapshot)
            }
        }
        let (report, seconds) = try run(ledger, path, invocation)
        let rate = Double(report.transactions) / max(seconds, 0.000_001)
        if invocation.wantsJSON {
            return Output.json([
                "blocks": .unsigned(report.blocks), "transactions": .unsigned(report.transactions),
                "milliseconds": .unsigned(UInt64(seconds * 1_000)), "transactionsPerSecond": .unsigned(UInt64(rate)),
            ])
        }
        Output.line(
            "replayed: \(report.blocks) blocks, \(report.transactions) transactions, every record the same, "
                + "\(UInt64(rate)) transactions/s")
    }

    private static func run(
        _ ledger: StoredLedger, _ path: String, _ invocation: Invocation
    ) throws(CommandError) -> (LedgerReplay.Report, seconds: Double) {
        let target: ChainStore
        let end: Height
        do throws(ChainStoreError) {
            target = try ChainStore(path: path, rules: ledger.rules)
            end = try ledger.store.tip().record.height
        } catch {
            throw StoredLedger.explain(error, path)
        }
        defer { target.close() }
        let began = SystemTime.monotonic
        do throws(LedgerReplay.Fault) {
            var replay = try LedgerReplay(ledger.store, into: target, rules: ledger.rules)
            let report = try replay.run(upTo: end) { height, report in
                if height.rawValue % 1_000 == 0 {
                    Output.note("height \(height) of \(end), \(report.transactions) transactions")
                }
            }
            return (report, (SystemTime.monotonic - began) / .seconds(1))
        } catch {
            throw CommandError(
                "height \(error.height): \(error.what)",
                hint: "with --from DIRECTORY it begins with a snapshot above what is pruned")
        }
    }

    static let rollback = Command(
        "rollback", "Put a stopped node's ledger back to an earlier height.",
        description: """
            For a state that a fault has spoilt: executes the blocks up to HEIGHT again, in a new store that takes the
            old one's place in one step. Nothing that binds is forgotten: the validator's own votes stay, so that it
            signs nothing twice, and the blocks above HEIGHT stay with their finalization, so that the node executes
            them again when it starts and is where it was, also without its peers. So it reaches 64 heights down at
            most, not below the end of a validator epoch, and not into pruned blocks.
            """,
        flags: [.init("--to", "HEIGHT", "The height at which the ledger shall stand.")],
        example: "sotto rollback --to 1200 --home ./network/validator-1"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        _ = try invocation.required("--to", "HEIGHT")
        guard let height = try invocation.integer("--to", in: 0...UInt64(Int64.max)) else { return }
        let rules = try home.rules()
        guard home.exists("data/ledger") else {
            throw CommandError(.settings, "there is no store in \(home.ledgerPath)")
        }
        let settings = StorageFields.settings(try Settings.read(invocation))
        do throws(StoreRollback.Fault) {
            let report = try StoreRollback.run(
                home.ledgerPath, to: Height(height), rules: rules, settings: settings)
            Output.line(
                "at height \(height): \(report.blocks) blocks with \(report.transactions) transactions executed again; "
                    + "the blocks above follow when the node starts")
        } catch {
            throw explain(error, home.ledgerPath)
        }
    }

    private static func explain(_ fault: StoreRollback.Fault, _ path: String) -> CommandError {
        switch fault {
        case .store(let error): StoredLedger.explain(error, path)
        case .notBelow(let tip): CommandError(.usage, "the ledger is at height \(tip); --to must be below")
        case .tooDeep(let lowest):
            CommandError(
                .usage, "the lowest height to go back to is \(lowest)",
                hint: "for more, sotto snapshot restore --replace DIRECTORY; sotto replay finds what is wrong")
        case .epochBetween(let last):
            CommandError(.usage, "a validator epoch ends at height \(last); --to must be above")
        case .notFinalised(let nearest):
            CommandError(
                .usage, "the block at this height became final with a later one",
                hint: nearest.map { "the nearest height below that was final itself is \($0)" })
        case .replay(let fault):
            CommandError(
                "height \(fault.height): \(fault.what); nothing was changed",
                hint: "sotto snapshot restore --replace DIRECTORY, with a snapshot of another node")
        case .disk(let error): CommandError("\(path): \(error); nothing was changed")
        }
    }

    static let compact = Command(
        "compact", "Give a stopped node's unused disk space back.",
        description: """
            Prunes what the storage settings no longer keep, all at once, moves old blocks to segment files, and
            rewrites LevelDB's files without what was deleted or replaced. Prints the bytes on the disk before and
            after.
            """,
        example: "sotto compact --home ./network/validator-1"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let ledger = try StoredLedger(home, invocation)
        defer { ledger.store.close() }
        do throws(ChainStoreError) {
            let (before, after) = try ledger.store.compact()
            if invocation.wantsJSON {
                return Output.json([
                    "bytesBefore": .unsigned(UInt64(max(0, before))), "bytesAfter": .unsigned(UInt64(max(0, after))),
                ])
            }
            Output.line("\(before) bytes before, \(after) bytes after")
        } catch {
            throw StoredLedger.explain(error, home.ledgerPath)
        }
    }
}
