internal import Crypto
internal import EventLoop
internal import FoundationEssentials
internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Wire

/// `sotto testnet`: the files of a whole network.
enum TestnetCommand {
    /// Known to everybody; the example network protects nothing.
    static let exampleSeed = "sotto example network: published seed, protects nothing"
    static let exampleTime = Timestamp(1_767_225_600_000)

    static let command = Command(
        "testnet", "Write the files of an n-validator network on this machine.",
        description: """
            Makes keys, threshold shares and the genesis document of a network whose operators trust one dealer: this
            command. Each validator gets a data directory of its own under --output; the registrar's keys lie beside
            them. With --example the network is made from a published seed, the same each time, and protects nothing.
            """,
        flags: [
            .init("--output", "DIRECTORY", "Where to write. Must not exist yet, or be empty."),
            .init("--validators", "COUNT", "How many validators. Default 4."),
            .init("--name", "NAME", "The network's name. Default testnet."),
            .init(
                "--base-port", "PORT",
                "Validator N listens on PORT + 10 (N − 1) and the two after it. Default 7440; 0 takes free ports."),
            .init(
                "--limits", "NAME=NUMBER,…",
                "Other limits than a test network's, by their names in the genesis: pendingPerSender=4096."),
            .init(
                "--epoch-heights", "COUNT",
                "Blocks in a validator epoch: votes on who validates take effect at its end. Default 10000."),
            .init("--example", "From the published seed. Insecure by design."),
        ],
        example: "sotto testnet --output ./network --validators 4"
    ) { invocation throws(CommandError) in
        guard let output = invocation.flag("--output") else {
            throw CommandError(.usage, "testnet needs --output DIRECTORY")
        }
        let count = try invocation.integer("--validators", in: 1...64) ?? 4
        let basePort = try invocation.integer("--base-port", in: 0...64_000) ?? 7_440
        let isExample = invocation.has("--example")
        let plan = TestnetFiles(
            path: output, name: invocation.flag("--name") ?? (isExample ? "example" : "testnet"),
            validators: Int(count), basePort: Int(basePort), isExample: isExample,
            limits: try limits(invocation))
        let written = try plan.write()
        if invocation.wantsJSON {
            return Output.json([
                "chain": .string(written.chain.hex), "path": .string(output),
                "validators": .list(
                    zip(written.homes, written.rpcPorts).map { home, port in
                        ["home": .string(home), "rpc": .string("http://127.0.0.1:\(port)")]
                    }), "registrar": .string(output + "/registrar"),
            ])
        }
        Output.line("network \(written.chain.hex)")
        for (home, port) in zip(written.homes, written.rpcPorts) {
            Output.line("validator \(home) http://127.0.0.1:\(port)")
        }
        Output.line("registrar \(output)/registrar")
        if isExample { Output.note("this network is an example: everybody knows its keys") }
    }

    private static func limits(_ invocation: Invocation) throws(CommandError) -> NetworkLimits {
        var limits = Testnet.limits(epochHeights: try epochHeights(invocation))
        for entry in (invocation.flag("--limits") ?? "").split(separator: ",") {
            let parts = entry.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, let value = UInt64(parts[1]), limits.set(String(parts[0]), value) else {
                throw CommandError(
                    .usage, "--limits: \(entry) is not NAME=NUMBER with a limit's name and a possible value")
            }
        }
        return limits
    }
}

extension TestnetCommand {
    /// How long the validator epochs of a new network are; those of the example do not end.
    static func epochHeights(_ invocation: Invocation) throws(CommandError) -> UInt64 {
        if invocation.has("--example") { return 1 << 40 }
        return UInt64(try invocation.integer("--epoch-heights", in: 2...(1 << 40)) ?? 10_000)
    }
}

/// Writes a network's directories.
struct TestnetFiles {
    let path: String
    let name: String
    let validators: Int
    let basePort: Int
    let isExample: Bool
    let limits: NetworkLimits

    struct Written {
        let chain: ChainID
        let homes: [String]
        let rpcPorts: [Int]
    }

    init(
        path: String, name: String, validators: Int, basePort: Int, isExample: Bool,
        limits: NetworkLimits = Testnet.limits
    ) {
        self.path = path
        self.name = name
        self.validators = validators
        self.basePort = basePort == 0 ? FreePorts.base(count: 10 * validators) ?? 7_440 : basePort
        self.isExample = isExample
        self.limits = limits
    }

    func write() throws(CommandError) -> Written {
        let testnet: Testnet
        do {
            testnet = try Testnet(
                name: name, validators: validators, time: isExample ? TestnetCommand.exampleTime : SystemTime.utc,
                limits: limits, source: isExample ? .published(seed: TestnetCommand.exampleSeed) : .random)
        } catch {
            throw CommandError("the network cannot be made: \(error)")
        }
        let chain = testnet.chain
        let documents = (cbor: testnet.genesis.encoded, json: Self.readable(testnet.genesis, chain))
        let root = HomeFiles(path)
        try root.make(isBare: true)
        try root.write("genesis.cbor", documents.cbor)
        try root.write("genesis.json", documents.json)
        var homes: [String] = []
        for (index, node) in testnet.nodes.enumerated() {
            let home = HomeFiles(path + "/" + node.name)
            try self.write(node, to: home, documents, roles: [.validator, .node])
            try home.write("sotto.conf", Array(settings(of: index, testnet.nodes).utf8))
            try home.writeKey(.operatorKey, try KeyFiles.copy(testnet.operators[index]))
            for (file, share) in [
                (HomeFiles.KeyName.sharePhone, 0), (.shareOuter, 1), (.shareWraps, 2),
            ] {
                let secret = try Self.secret(testnet, share, node.shareIndex)
                try home.writeKey(file, secret)
            }
            homes.append(home.path)
        }
        let registrar = HomeFiles(path + "/registrar")
        try self.write(testnet.registrar, to: registrar, documents, roles: .registrar)
        try registrar.write("sotto.conf", Array("client.node = http://127.0.0.1:\(rpcPort(0))\n".utf8))
        return Written(chain: chain, homes: homes, rpcPorts: (0..<validators).map { rpcPort($0) })
    }

    func rpcPort(_ index: Int) -> Int { basePort + 10 * index }

    private static func secret(
        _ testnet: borrowing Testnet, _ key: Int, _ index: Int
    ) throws(CommandError) -> SecretKey {
        do {
            let share =
                switch key {
                case 0: try testnet.phone.share(of: index)
                case 1: try testnet.outer.share(of: index)
                default: try testnet.wraps.share(of: index)
                }
            return try share.withBytes { try SecretKey(copying: $0) }
        } catch {
            throw CommandError("the shares cannot be dealt: \(error)")
        }
    }

    private func write(
        _ node: Testnet.Node, to home: HomeFiles, _ documents: (cbor: [UInt8], json: [UInt8]), roles: Roles
    ) throws(CommandError) {
        try home.make()
        try home.write("genesis.cbor", documents.cbor)
        try home.write("genesis.json", documents.json)
        guard let registration = try? node.keys.registration(roles: roles, name: node.name, salt: node.salt) else {
            throw CommandError("the registration of \(node.name) cannot be made")
        }
        try home.write("registration.cbor", registration.encoded)
        try KeyFiles.write(node.keys, to: home, passphrase: nil)
    }

    private func settings(of index: Int, _ nodes: [Testnet.Node]) -> String {
        let peers = nodes.enumerated().filter { $0.offset != index }
            .map { "\($0.element.member.hex)@127.0.0.1:\(rpcPort($0.offset) + 1)" }
        return """
            # \(nodes[index].name) of the network \(name). `sotto settings template` explains every setting.
            rpc.port = \(rpcPort(index))
            link.listen = 127.0.0.1:\(rpcPort(index) + 1)
            dht.listen = 127.0.0.1:\(rpcPort(index) + 2)
            client.node = http://127.0.0.1:\(rpcPort(index))
            node.peers = \(peers.joined(separator: ", "))

            """
    }

    /// The document for people: every field by name, bytes in hexadecimal, and the chain that its dag-cbor hashes to.
    static func readable(_ genesis: Genesis, _ chain: ChainID) -> [UInt8] {
        let node = (try? IPLDNode(decoding: genesis.encoded)).map { JSONValue($0) } ?? .null
        let json: JSONValue = ["chain": .string(chain.hex), "genesis": node]
        return Array((json.prettyText + "\n").utf8)
    }
}

/// Keys from memory into files.
enum KeyFiles {
    static func write(_ keys: NodeKeys, to home: HomeFiles, passphrase: [UInt8]?) throws(CommandError) {
        try write(sign: keys.sign, agreement: keys.agreement, to: home, passphrase: passphrase)
        try home.writeKey(.link, try copy(keys.link), passphrase: passphrase)
    }

    /// - Parameter sign: nil when the signing key lies elsewhere.
    static func write(
        sign: SigningKey?, agreement: AgreementSecret, to home: HomeFiles, passphrase: [UInt8]?
    ) throws(CommandError) {
        if let sign { try home.writeKey(.sign, try copy(sign), passphrase: passphrase) }
        try home.writeKey(.agreement, try copy(agreement), passphrase: passphrase)
    }

    private static func copy(_ key: AgreementSecret) throws(CommandError) -> SecretKey {
        do throws(CryptoError) {
            return try key.withSecret { bytes throws(CryptoError) in try SecretKey(copying: bytes) }
        } catch {
            throw CommandError("a key cannot be read: \(error)")
        }
    }

    static func copy(_ key: SigningKey) throws(CommandError) -> SecretKey {
        do throws(CryptoError) {
            return try key.withSeed { bytes throws(CryptoError) in try SecretKey(copying: bytes) }
        } catch {
            throw CommandError("a key cannot be read: \(error)")
        }
    }
}
