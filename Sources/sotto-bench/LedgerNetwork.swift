internal import Crypto
internal import EventLoop
internal import FoundationEssentials
internal import Glibc
internal import HTTP
internal import Ledger
internal import Primitives
internal import RPC
internal import Wire

/// A test network as its operator would start it: `sotto testnet`, then one `sotto start` for each validator.
struct LedgerNetwork: Sendable {
    struct Home: Sendable {
        let path: String
        let rpcPort: UInt16
        let member: MemberID
        let key: SigningKey
        let process: pid_t

        var socketURL: String { "ws://127.0.0.1:\(rpcPort)/rpc" }
        /// Processor time that the node has used since it was started.
        var used: Duration { ProcessTime.used(by: process) }
        /// Bytes of the files of its ledger.
        var byteCount: Int { Files.byteCount(in: path + "/data/ledger") }

        func signal(_ number: Int32) { kill(process, number) }
    }

    let chain: ChainID
    let homes: [Home]

    /// - Parameter pendingMax: what one sender may have pending: all load comes from few.
    init(validatorCount: Int, pendingMax: Int = 16_384) throws {
        let program = try Self.program()
        let root = try Leftovers.shared.directory()
        let network = root + "/network"
        try Leftovers.shared.run(
            program,
            [
                "testnet", "--output", network, "--validators", "\(validatorCount)", "--base-port", "0",
                "--limits", "pendingPerSender=\(pendingMax)",
            ], log: root + "/testnet.log")
        var hash = SHA256()
        chain = try Genesis(decoding: Files.bytes(network + "/genesis.cbor")).chain(with: &hash)
        homes = try (1...validatorCount).map { number in
            try Self.start(program, network + "/validator-\(number)", log: root + "/\(number).log")
        }
    }

    /// Waits until every node answers.
    func wait(_ http: HTTPClient) async throws {
        let end = SystemTime.monotonic + .seconds(60)
        for home in homes {
            let client = RPCClient(http: http, url: "http://127.0.0.1:\(home.rpcPort)/rpc")
            while (try? await client.call("rpc.identity")) == nil {
                guard SystemTime.monotonic < end else { throw BenchError("\(home.path) does not answer") }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// The `sotto` that was built with this program.
    private static func program() throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = String(own[..<(own.lastIndex(of: "/") ?? own.startIndex)]) + "/sotto"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw BenchError("there is no \(path): swift build -c release --product sotto")
        }
        return path
    }

    /// Reads a validator's files, lifts the limit that one address has at its RPC, since all load comes from one, and
    /// starts it.
    private static func start(_ program: String, _ path: String, log: String) throws -> Home {
        let settings = path + "/sotto.conf"
        let text = String(decoding: try Files.bytes(settings), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("rpc.port") }
        guard let port = line?.split(separator: " ").last.flatMap({ UInt16($0) }) else {
            throw BenchError("\(settings) names no rpc.port")
        }
        try Data((text + "rpc.addressRate = 1000000\nlog.level = warning\n").utf8).write(to: URL(filePath: settings))
        var hash = SHA256()
        return Home(
            path: path, rpcPort: port,
            member: try SignedRegistration(decoding: Files.bytes(path + "/registration.cbor")).memberID(with: &hash),
            key: SigningKey(seed: try KeyFile.decode(Files.bytes(path + "/keys/sign.key"), purpose: .member)),
            process: try Leftovers.shared.start(program, ["start", "--home", path], log: log))
    }
}

/// What the kernel counts.
enum ProcessTime {
    /// Processor time of a process, in user and kernel mode, to a hundredth of a second.
    static func used(by process: pid_t) -> Duration {
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        // The name may hold anything; what follows its closing parenthesis are fields 3 and on.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ").dropFirst()
        guard fields.count > 13, let user = Int64(fields[fields.startIndex + 11]),
            let system = Int64(fields[fields.startIndex + 12])
        else { return .zero }
        return .milliseconds((user + system) * 1_000 / Int64(sysconf(Int32(_SC_CLK_TCK))))
    }
}

/// Files of the nodes under test.
enum Files {
    static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

    /// Bytes of all files in a directory.
    static func byteCount(in path: String) -> Int {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
        return names.reduce(0) { sum, name in
            var entry = stat()
            // A file that LevelDB has just deleted counts for nothing.
            guard unsafe lstat(path + "/" + name, &entry) == 0, entry.st_mode & S_IFMT == S_IFREG else { return sum }
            return sum + Int(entry.st_size)
        }
    }
}
