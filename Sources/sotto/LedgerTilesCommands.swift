internal import Crypto
internal import FoundationEssentials
internal import Ledger
internal import Node
internal import Primitives
internal import RPC

/// The transparency log as files, and the key of its checkpoints.
extension LedgerCommands {
    static let log = Command(
        "ledger log", "Show a node's transparency log and the key that signs it.",
        description: """
            Asks a node for the newest checkpoint of its log and for the key that signs it. The tiles lie under /log/ at
            the same address, as C2SP's tlog-tiles lays them out. Compare the key with the one that the operator names:
            sotto keys show prints it.
            """,
        flags: NodeConnection.flags, example: "sotto ledger log --home ./alice"
    ) { invocation throws(CommandError) in
        let log = try await NodeConnection(invocation).call("ledger.log")
        if invocation.wantsJSON { return Output.json(log) }
        Output.line("key \(log["key"]?.string ?? "none: this node signs no checkpoints")")
        if let checkpoint = log["checkpoint"]?.string { Output.write(checkpoint) }
    }

    /// Writes the log of a store as a web server would give it out.
    static func exportTiles(_ store: ChainStore, _ chain: ChainID, _ home: HomeFiles, to path: String)
        throws(CommandError)
    {
        let site = LogSite(store: store, chain: chain, key: try home.logKey())
        guard let (note, size) = site.checkpoint() else { throw CommandError("the store's tip cannot be read") }
        for tile in LogTiles.paths(size: size) {
            let bytes: [UInt8]
            do throws(LogSite.Fault) {
                bytes = try site.file(tile)
            } catch {
                if error == .pruned { continue }
                throw CommandError("the store cannot be read for tile \(tile.text)", hint: "sotto ledger verify")
            }
            try write(bytes, to: path + "/tile/" + tile.text)
        }
        // Last: it says what must be there.
        try write(Array(note.utf8), to: path + "/checkpoint")
        Output.line("log of \(size) transactions in \(path)")
        if let key = site.verifierKey { Output.line("key \(key.text)") }
        let first = LogTiles.Path(.entries, index: 0, count: min(max(size, 1), LogTiles.width))
        if size > 0, !FileManager.default.fileExists(atPath: path + "/tile/" + first.text) {
            Output.note("old entries were pruned here and are not among the files; their hashes are")
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(CommandError) {
        let directory = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(filePath: path))
        } catch {
            throw CommandError("cannot write \(path)")
        }
    }
}

extension HomeFiles {
    /// The key that signs checkpoints of the log; drawn when there is none yet.
    func logKey() throws(CommandError) -> SigningKey {
        if !exists(KeyName.log.file) {
            try writeKey(.log, SecretKey(), passphrase: Passphrase.current)
            Output.note("drew a key for the log's checkpoints: \(path)/\(KeyName.log.file)")
        }
        return SigningKey(seed: try key(.log))
    }
}
