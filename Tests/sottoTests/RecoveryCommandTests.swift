import Foundation
import Testing

@Suite("The day the quorum is lost", .serialized, .timeLimit(.minutes(5)))
struct RecoveryCommandTests {
    private let directory: URL
    private var path: String { directory.path }
    private var document: String { path + "/recovery.cbor" }
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "sotto-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private func home(_ number: Int) -> String { path + "/network/validator-\(number)" }

    private func start(_ number: Int, _ time: String) async throws -> Running {
        let node = try Running(
            ["start", "--home", home(number)], log: directory.appending(path: "log-\(number)-\(time)"))
        try await node.says("rpc=")
        return node
    }

    /// Has the registrar admit somebody, through the first validator.
    private func admit(_ name: String) async throws -> Program.Result {
        let genesis = path + "/network/genesis.cbor"
        #expect(try await Program.run(["init", "--home", path + "/" + name, "--genesis", genesis]).code == 0)
        return try await Program.run([
            "member", "admit", path + "/\(name)/registration.cbor", "--home", path + "/network/registrar",
        ])
    }

    /// A number that a running node gives under a name.
    private func status(_ number: Int, _ name: String) async throws -> UInt64? {
        let result = try await Program.run(["status", "--home", home(number), "--json"])
        let json = try? JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        return (json?[name] as? NSNumber)?.uint64Value ?? (json?[name] as? String).flatMap { UInt64($0) }
    }

    private func reaches(_ height: UInt64, _ number: Int) async throws {
        for _ in 0..<600 {
            if let own = try await status(number, "height"), own >= height { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("validator \(number) did not reach height \(height)")
    }

    private func member(_ number: Int) async throws -> String {
        let shown = try await Program.run(["keys", "show", "--home", home(number)])
        let word = shown.output.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("did:sotto:") }
        return String(try #require(word))
    }

    private func recovery(_ words: String...) async throws -> Program.Result {
        try await Program.run(["recovery"] + words)
    }

    @Test("Two of four validators are gone for good: three operators sign, the other two go on, a third follows")
    func recover() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let made = ["testnet", "--output", path + "/network", "--validators", "4", "--base-port", "0"]
        #expect(try await Program.run(made).code == 0)
        var nodes: [Running] = []
        for number in 1...4 { nodes.append(try await start(number, "before")) }
        #expect(try await admit("alice").code == 0)
        let top = try #require(try await status(1, "height"))
        for number in 2...4 { try await reaches(top, number) }
        for node in nodes.suffix(2) { node.stop(SIGKILL) }
        // Nothing becomes final any more; whatever waited for it is lost with the old validator epoch.
        let last = try #require(try await status(1, "height"))
        try await reaches(last, 2)
        for node in nodes.prefix(2) { node.stop() }

        try await write()
        try await sign()
        for number in [1, 2] {
            let applied = try await recovery("apply", document, "--home", home(number))
            #expect(applied.code == 0, "\(applied.errors)")
            #expect(applied.output.contains("goes on in validator epoch 1"))
        }
        nodes = [try await start(1, "after"), try await start(2, "after")]
        let admitted = try await admit("bob")
        #expect(admitted.code == 0, "\(admitted.errors)")
        let new = try #require(try await status(1, "height"))
        #expect(new > last)
        // One that was not lost after all is no validator any more, has applied nothing, and follows.
        nodes.append(try await start(3, "after"))
        try await reaches(new, 3)
        #expect(nodes[2].errors.contains("recovered"))
        for node in nodes { node.stop() }
        try await verify()
    }

    /// Drafts on the first node, and is told what would not do.
    private func write() async throws {
        let (one, two) = (try await member(1), try await member(2))
        let draft = try await recovery(
            "draft", "--validators", "\(one),\(two)", "--output", document, "--home", home(1))
        #expect(draft.code == 0, "\(draft.errors)")
        #expect(draft.output.contains("needs 3 of 4 operators"))
        #expect(draft.output.contains("leaves"))
        let registrar = try await Program.run(["keys", "show", "--home", path + "/network/registrar"])
        let other = registrar.output.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("did:sotto:") }
        let refused = try await recovery(
            "draft", "--validators", "\(one),\(try #require(other))", "--output", path + "/no", "--home", home(1))
        #expect(refused.errors.contains("not an active member with the role validator"))
        let again = try await recovery("draft", "--validators", one, "--output", document, "--home", home(1))
        #expect(again.errors.contains("exists"))
    }

    /// Three operators sign; one tries twice, and one is of another network.
    private func sign() async throws {
        for number in 1...2 {
            #expect(try await recovery("sign", document, "--home", home(number)).code == 0)
        }
        let few = try await recovery("apply", document, "--home", home(1))
        #expect(few.code != 0 && few.errors.contains("has 2 signatures and needs 3"), "\(few.errors)")
        let twice = try await recovery("sign", document, "--home", home(2))
        #expect(twice.code != 0 && twice.errors.contains("has signed"))
        #expect(
            try await Program.run(["testnet", "--output", path + "/other", "--validators", "1", "--base-port", "0"])
                .code == 0)
        let stranger = try await recovery(
            "sign", document, "--home", home(3), "--key", path + "/other/validator-1/keys/operator.key")
        #expect(stranger.code != 0 && stranger.errors.contains("is no operator"))
        let foreign = try await recovery("show", document, "--home", path + "/other/validator-1")
        #expect(foreign.code != 0 && foreign.errors.contains("another network"))
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: document)))
        bytes[bytes.count - 1] ^= 1
        try Data(bytes).write(to: directory.appending(path: "bent"))
        let bent = try await recovery("show", path + "/bent", "--home", home(3))
        #expect(bent.code != 0 && bent.errors.contains("does not hold"), "\(bent.errors)")
        #expect(try await recovery("sign", document, "--home", home(3)).code == 0)
        let shown = try await recovery("show", document, "--home", home(4))
        #expect(shown.code == 0 && shown.output.contains("3 signatures, enough"))
    }

    /// The program's own check, and the independent one, of who decided and of who followed.
    private func verify() async throws {
        for number in [1, 3] {
            let verified = try await Program.run(["ledger", "verify", "--home", home(number)])
            #expect(verified.code == 0, "\(verified.errors)")
            #expect(verified.output.contains("1 validator epochs were begun by operators"))
            let chain = path + "/chain-\(number).sotto"
            #expect(
                try await Program.run(["ledger", "export", "--output", chain, "--home", home(number)]).code == 0)
            let process = Process()
            process.executableURL = Self.repository.appending(path: "Scripts/verify")
            process.arguments = [chain]
            let pipe = Pipe()
            (process.standardOutput, process.standardError) = (pipe, pipe)
            try process.run()
            let said = String(decoding: try #require(try pipe.fileHandleForReading.readToEnd()), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(said)")
            #expect(said.contains("1  validator epochs begun by operators"), "\(said)")
        }
    }
}
