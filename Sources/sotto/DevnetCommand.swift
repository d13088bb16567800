internal import FoundationEssentials
internal import Node
internal import Primitives
internal import RPC

/// `sotto devnet`: a whole network in one foreground process.
enum DevnetCommand {
    static let command = Command(
        "devnet", "Run a network of four validators in this terminal, to play with.",
        description: """
            Makes a test network in --output, or takes the one that lies there from the last time, and runs all its
            validators in this one process until Ctrl-C. Other terminals talk to it with --node and the URLs it prints.
            """,
        flags: [
            .init("--output", "DIRECTORY", "Where the network's files lie. Default devnet in the data directory."),
            .init("--validators", "COUNT", "How many validators. Default 4."),
            .init("--base-port", "PORT", "As for testnet; 0 takes free ports. Default 0."),
            .init("--epoch-heights", "COUNT", "As for testnet."),
        ],
        example: "sotto devnet --output ./devnet"
    ) { invocation throws(CommandError) in
        let path: String
        if let output = invocation.flag("--output") {
            path = output
        } else {
            path = try Settings.home(invocation) + "/devnet"
        }
        let count = Int(try invocation.integer("--validators", in: 1...16) ?? 4)
        let stop = try StopSignal()
        if !FileManager.default.fileExists(atPath: path + "/genesis.cbor") {
            let files = TestnetFiles(
                path: path, name: "devnet", validators: count,
                basePort: Int(try invocation.integer("--base-port", in: 0...64_000) ?? 0), isExample: false,
                limits: Testnet.limits(epochHeights: try TestnetCommand.epochHeights(invocation)))
            _ = try files.write()
        }
        var nodes: [RunningNode] = []
        for index in 1... {
            let home = HomeFiles(path + "/validator-\(index)")
            guard home.exists("genesis.cbor") else { break }
            let values = try Settings.read(invocation, file: home.settingsPath)
            let node = try await RunningNode(home: home, values: values, log: .silent)
            nodes.append(node)
            Output.line("validator-\(index)  http://127.0.0.1:\(node.addresses.rpcPort)")
        }
        Output.line("registrar    \(path)/registrar")
        Output.line("genesis      \(path)/genesis.cbor")
        Output.note("running; Ctrl-C ends it, and the same command goes on where it ended")
        await stop.wait()
        for node in nodes { await node.stop() }
    }
}
