internal import Crypto
internal import EventLoop
internal import FoundationEssentials
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
    }

    let chain: ChainID
    let homes: [Home]

    init(validatorCount: Int) throws {
        let program = try Self.program()
        let root = try Leftovers.shared.directory()
        let network = root + "/network"
        try Leftovers.shared.run(
            program,
            ["testnet", "--output", network, "--validators", "\(validatorCount)", "--base-port", "0"],
            log: root + "/testnet.log")
        var hash = SHA256()
        chain = try Genesis(decoding: Self.file(network + "/genesis.cbor")).chain(with: &hash)
        homes = try (1...validatorCount).map { try Self.home(network + "/validator-\($0)") }
        for (index, home) in homes.enumerated() {
            try Leftovers.shared.start(program, ["start", "--home", home.path], log: root + "/\(index + 1).log")
        }
    }

    /// Waits until every node answers and has a first block of the running network.
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

    private static func file(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

    /// Reads a validator's files, and lifts the limit that one address has at its RPC: all load comes from one.
    private static func home(_ path: String) throws -> Home {
        let settings = path + "/sotto.conf"
        let text = String(decoding: try file(settings), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("rpc.port") }
        guard let port = line?.split(separator: " ").last.flatMap({ UInt16($0) }) else {
            throw BenchError("\(settings) names no rpc.port")
        }
        try Data((text + "rpc.addressRate = 1000000\n").utf8).write(to: URL(filePath: settings))
        var hash = SHA256()
        return Home(
            path: path, rpcPort: port,
            member: try SignedRegistration(decoding: file(path + "/registration.cbor")).memberID(with: &hash),
            key: SigningKey(seed: try KeyFile.decode(file(path + "/keys/sign.key"), purpose: .member)))
    }
}
