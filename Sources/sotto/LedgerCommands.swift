internal import EventLoop
internal import FoundationEssentials
internal import Glibc
internal import KeyValue
internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Wire

/// `sotto ledger block|tx|verify|export`; proofs are in a file of their own.
enum LedgerCommands {
    static let block = Command(
        "ledger block", "Show a finalised block.",
        description: "Asks a node for the block at a height, or for the newest.",
        arguments: [.init("HEIGHT", required: false, "its height; the newest if left out")],
        flags: NodeConnection.flags,
        example: "sotto ledger block 12"
    ) { invocation throws(CommandError) in
        var params: [JSONValue.Member] = []
        if let text = invocation.argument(0) {
            guard let height = UInt64(text) else { throw CommandError(.usage, "HEIGHT is a whole number") }
            params.append(.init("height", .unsigned(height)))
        }
        let block = try await NodeConnection(invocation).call("ledger.block", .object(params))
        if invocation.wantsJSON { return Output.json(block) }
        let record = block["record"]
        Output.line(
            Table.plain([
                ["height", "\(block["height"]?.unsigned ?? 0)"], ["view", "\(block["view"]?.unsigned ?? 0)"],
                ["time", "\(record?["time"]?.unsigned ?? 0)"], ["record", block["recordID"]?.string ?? "-"],
                ["state root", record?["stateRoot"]?.string ?? "-"], ["log root", record?["logRoot"]?.string ?? "-"],
                ["log size", "\(record?["logSize"]?.unsigned ?? 0)"],
            ]))
        let rows = (block["transactions"]?.list ?? []).map { transaction in
            ["id", "operation", "result"].map { transaction[$0]?.string ?? "-" }
        }
        if !rows.isEmpty { Output.line(Table.titled(["transaction", "operation", "result"], rows)) }
    }

    static let transaction = Command(
        "ledger tx", "Show a transaction and what became of it.",
        description: "Asks a node for a finalised transaction by its id.",
        arguments: [.init("ID", "the transaction's id, 64 hexadecimal digits")], flags: NodeConnection.flags,
        example: "sotto ledger tx 5f0c… --json"
    ) { invocation throws(CommandError) in
        let id = try invocation.required(0, "ID")
        let answer = try await NodeConnection(invocation).call("ledger.transaction", ["id": .string(id)])
        if invocation.wantsJSON { return Output.json(answer) }
        Output.line(
            Table.plain([
                ["id", answer["id"]?.string ?? "-"], ["height", "\(answer["height"]?.unsigned ?? 0)"],
                ["index", "\(answer["index"]?.unsigned ?? 0)"], ["result", answer["result"]?.string ?? "-"],
            ]))
        Output.json(answer["transaction"] ?? .null)
    }

    static let verify = Command(
        "ledger verify", "Re-check a node's whole store from genesis.",
        description: """
            Reads the store of the data directory, while no node runs on it, and checks every block, signature,
            certificate, record, root and proof by executing everything again. Names the first thing that does not hold
            and leaves with 1.
            """,
        example: "sotto ledger verify --home ./network/validator-1"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let (store, rules) = try open(home)
        defer { store.close() }
        do throws(ChainVerifier.Fault) {
            var verifier = try ChainVerifier(store, rules: rules)
            let report = try verifier.run()
            if invocation.wantsJSON {
                return Output.json([
                    "chain": .string(rules.chain.hex), "blocks": .unsigned(report.blocks),
                    "transactions": .unsigned(report.transactions), "signatures": .unsigned(report.signatures),
                    "finalityProofs": .unsigned(report.finalityProofs), "logLeaves": .unsigned(report.logNodes),
                    "stateEntries": .unsigned(report.stateEntries), "executed": .unsigned(report.executedBlocks),
                    "pruned": .unsigned(report.prunedBlocks), "erased": .unsigned(report.erasedBlocks),
                    "erasedTransactions": .unsigned(report.erasedTransactions),
                    "recoveries": .unsigned(report.recoveries),
                ])
            }
            Output.line(
                """
                verified: \(report.blocks) blocks, \(report.transactions) transactions, \
                \(report.signatures) signatures, \(report.finalityProofs) finality proofs, \
                \(report.logNodes) log leaves, \(report.stateEntries) state entries with proofs
                """)
            if report.recoveries > 0 {
                Output.line("\(report.recoveries) validator epochs were begun by operators, by recovery documents")
            }
            if report.prunedBlocks + report.erasedBlocks > 0 {
                Output.line(
                    """
                    not whole: the transactions of \(report.prunedBlocks) blocks are pruned here, and \
                    \(report.erasedTransactions) of \(report.erasedBlocks) blocks were erased; their headers, records, \
                    finality proofs and log leaves hold. \
                    \(report.executedBlocks) blocks were executed again.
                    """)
            }
        } catch {
            throw CommandError("height \(error.height): \(error.what)")
        }
    }

    static let export = Command(
        "ledger export", "Write a node's chain to one file that anybody can check.",
        description: """
            Writes genesis and every block with its finality proof from the store of the data directory, while no node
            runs on it. The independent verifier, Scripts/verify, reads this file. With --tiles it writes the log
            instead, as the static files of a transparency log (C2SP tlog-tiles), with a signed checkpoint.
            """,
        flags: [
            .init("--output", "FILE", "Where to write."),
            .init("--tiles", "DIRECTORY", "Write the log's tiles, entries and checkpoint here instead."),
        ],
        example: "sotto ledger export --home ./network/validator-1 --output chain.sotto"
    ) { invocation throws(CommandError) in
        if let directory = invocation.flag("--tiles") {
            let home = try HomeFiles(invocation)
            let (store, rules) = try open(home)
            defer { store.close() }
            return try exportTiles(store, rules.chain, home, to: directory)
        }
        let path = try invocation.required("--output", "FILE")
        let home = try HomeFiles(invocation)
        let (store, rules) = try open(home)
        defer { store.close() }
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = unsafe fopen(path, "wb") else {
            throw CommandError("cannot write \(path)")
        }
        defer { unsafe _ = fclose(file) }
        func append(_ bytes: [UInt8]) throws(CommandError) {
            let count = unsafe fwrite(bytes, 1, bytes.count, file)
            guard count == bytes.count else { throw CommandError("cannot write \(path)") }
        }
        try append(ChainExport.head(rules.genesis))
        var height = Height(1)
        var export = ChainExport(store)
        func reading<Items>(
            _ body: (inout ChainExport) throws(ChainExport.Fault) -> Items
        ) throws(CommandError) -> Items {
            do throws(ChainExport.Fault) {
                return try body(&export)
            } catch {
                throw CommandError("the store cannot be read at height \(height): \(error)")
            }
        }
        while let item = try reading({ export throws(ChainExport.Fault) in try export.item(height) }) {
            try append(item)
            height = height.next
        }
        for item in try reading({ export throws(ChainExport.Fault) in try export.end() }) { try append(item) }
        Output.line("\(height.rawValue - 1) blocks of \(rules.chain.hex) in \(path)")
    }

    /// The store of a data directory that no node runs on.
    private static func open(_ home: HomeFiles) throws(CommandError) -> (ChainStore, RuleBook) {
        let rules = try home.rules()
        guard FileManager.default.fileExists(atPath: home.ledgerPath) else {
            throw CommandError(.settings, "there is no store in \(home.ledgerPath)")
        }
        do throws(ChainStoreError) {
            return (try ChainStore(path: home.ledgerPath, rules: rules), rules)
        } catch {
            if case .store(.locked) = error {
                throw CommandError("\(home.ledgerPath) is in use", hint: "stop the node first")
            }
            throw CommandError("the store \(home.ledgerPath) cannot be opened: \(error)")
        }
    }
}
