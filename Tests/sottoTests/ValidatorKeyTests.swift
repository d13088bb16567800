import Foundation
import Testing

@Suite("A validator's key changes, or lies in a token", .serialized, .timeLimit(.minutes(5)))
struct ValidatorKeyTests {
    private let directory: URL
    private var path: String { directory.path }
    private var first: String { path + "/network/validator-1" }

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "sotto-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    /// A network of one validator, with short epochs; its node runs.
    private func network(epochHeights: Int) async throws -> Running {
        let made = try await Program.run([
            "testnet", "--output", path + "/network", "--validators", "1", "--base-port", "0", "--epoch-heights",
            "\(epochHeights)",
        ])
        #expect(made.code == 0, "\(made.errors)")
        return try await start(first, "node-1")
    }

    private func start(_ home: String, _ name: String, environment: [String: String] = [:]) async throws -> Running {
        let node = try Running(
            ["start", "--home", home], environment: environment, log: directory.appending(path: name + ".log"))
        try await node.says("rpc=")
        return node
    }

    private func run(_ arguments: [String], _ environment: [String: String] = [:]) async throws -> Program.Result {
        let result = try await Program.run(arguments, environment: environment)
        #expect(result.code == 0, "\(arguments): \(result.errors)")
        return result
    }

    /// Admits a new person: one more block.
    private func grow(_ name: String) async throws {
        let home = path + "/" + name
        _ = try await run(["init", "--home", home, "--genesis", path + "/network/genesis.cbor"])
        _ = try await run(["member", "admit", home + "/registration.cbor", "--home", path + "/network/registrar"])
    }

    private func epoch() async throws -> Int {
        let list = try await run(["validator", "list", "--home", first, "--json"])
        return try #require(list.output.firstMatch(of: /"epoch": ?(\d+)/).flatMap { Int($0.output.1) })
    }

    /// Block after block, until a validator epoch is over.
    private func grow(past epoch: Int) async throws {
        for _ in 0..<12 where try await self.epoch() <= epoch { try await grow("person-\(UUID().uuidString)") }
        #expect(try await self.epoch() > epoch)
    }

    private func key(of home: String) async throws -> String {
        let shown = try await run(["keys", "show", "--home", home, "--json"])
        return try #require(shown.output.firstMatch(of: /"sign": ?"([0-9a-f]{64})"/)).output.1.description
    }

    private func has(_ file: String) -> Bool { FileManager.default.fileExists(atPath: first + "/keys/" + file) }

    @Test("LG-43: it rotates while its node runs, votes with the new key in the next epoch, and starts again with both")
    func rotation() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        var node = try await network(epochHeights: 5)
        let old = try await key(of: first)
        _ = try await run(["keys", "new", path + "/next"])
        let rotated = try await run(["member", "rotate", path + "/next", "--home", first])
        #expect(rotated.output.contains("rotated at height"))
        #expect(rotated.errors.contains("with the new key after height 5"))
        try await node.says("key_taken")
        let new = try await key(of: first)
        #expect(new != old)
        #expect(has("sign.old.key") && !has("sign.next.key"))

        // Again in the same epoch: refused. The same once more: nothing is left to do.
        _ = try await run(["keys", "new", path + "/third"])
        let again = try await Program.run(["member", "rotate", path + "/third", "--home", first])
        #expect(again.code == 4 && again.errors.contains("in this validator epoch already"), "\(again.errors)")
        #expect(again.errors.contains("after height 5"))
        #expect(
            try await run(["member", "rotate", path + "/next", "--home", first]).errors.contains("this key already"))
        #expect(try await key(of: first) == new)

        // Started again before the epoch's end, it holds both; then only the new one counts.
        node.stop()
        node = try await start(first, "node-2")
        try await grow(past: 0)
        let voted = try await run(["validator", "propose", "--limit", "delta=60", "--home", first])
        #expect(voted.output.contains("proposal"))
        node.stop()
        node = try await start(first, "node-3")
        // And once more, now that the epoch is another one.
        _ = try await run(["member", "rotate", path + "/third", "--home", first])
        try await grow(past: try await epoch())
        node.stop()
        #expect(node.process.terminationStatus == 0)
        #expect(try await run(["ledger", "verify", "--home", first]).code == 0)
    }

    @Test("What stands against a rotation is named, and changes nothing")
    func faults() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let node = try await network(epochHeights: 1_000)
        let before = try await key(of: first)
        let missing = try await Program.run(["member", "rotate", path + "/none", "--home", first])
        #expect(missing.code == 5 && missing.errors.contains("sotto keys new"))
        _ = try await run(["keys", "new", path + "/next"])
        let elsewhere = try await Program.run(
            ["member", "rotate", path + "/next", "--home", first],
            environment: ["SOTTO_SIGNER": "socket:\(path)/none"])
        #expect(elsewhere.code == 4 && elsewhere.errors.contains("does not lie in its data directory"))
        node.stop()
        let unreachable = try await Program.run(["member", "rotate", path + "/next", "--home", first])
        #expect(unreachable.code == 3, "\(unreachable.errors)")
        #expect(try await key(of: first) == before)
        #expect(!has("sign.old.key"))
    }

    @Test("A validator whose key was never in a file joins, decides and votes through its token")
    func token() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let token = try await token(in: path)
        let node = try await network(epochHeights: 4)
        let genesis = path + "/network/genesis.cbor"
        let second = path + "/second"
        let url = try #require(
            try String(contentsOfFile: first + "/sotto.conf", encoding: .utf8)
                .firstMatch(of: /client\.node = (\S+)/)
        ).output.1.description
        let person = try await Program.run(
            ["init", "--home", path + "/person", "--genesis", genesis, "--key", token.uri],
            environment: token.environment)
        #expect(person.code == 2 && person.errors.contains("cannot lie in a token"))
        _ = try await run(
            [
                "init", "--home", second, "--genesis", genesis, "--role", "validator", "--name", "second", "--node",
                url,
                "--key", token.uri,
            ], token.environment)
        #expect(!FileManager.default.fileExists(atPath: second + "/keys/sign.key"))
        _ = try await run(["member", "admit", second + "/registration.cbor", "--home", path + "/network/registrar"])
        try await peer(of: second)
        let other = try await start(second, "second", environment: token.environment)

        let word = try await run(["validator", "prove", "--home", second], token.environment).output
        _ = try await run([
            "validator", "propose", "--home", first, "--join", word.trimmingCharacters(in: .whitespacesAndNewlines),
        ])
        try await grow(past: try await epoch())
        // Two validators are a quorum of two: from here on nothing is final without the token.
        let list = try await run(["validator", "list", "--home", first])
        #expect(list.output.components(separatedBy: "decides").count >= 5, "\(list.output)")
        try await grow("e")
        let proposal = try await run(
            ["validator", "propose", "--home", second, "--limit", "delta=60"], token.environment)
        #expect(proposal.output.contains("proposal"))
        other.stop()
        #expect(other.process.terminationStatus == 0)
        // Its memory of votes lies beside the other keys, and it goes on from there.
        let back = try await start(second, "second-again", environment: token.environment)
        try await grow("f")
        back.stop()
        node.stop()
    }

    /// Lets the node of `home` listen anywhere and dial the first validator.
    private func peer(of home: String) async throws {
        let settings = try String(contentsOfFile: first + "/sotto.conf", encoding: .utf8)
        let link = try #require(settings.firstMatch(of: /link\.listen = (\S+)/)).output.1
        let shown = try await run(["keys", "show", "--home", first, "--json"])
        let member = try #require(shown.output.firstMatch(of: /"member": ?"([0-9a-f]{64})"/)).output.1
        let file = try FileHandle(forWritingTo: URL(filePath: home + "/sotto.conf"))
        try file.seekToEnd()
        let lines = [
            "rpc.port = 0", "link.listen = 127.0.0.1:0", "dht.listen = 127.0.0.1:0", "node.peers = \(member)@\(link)",
        ]
        try file.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
        try file.close()
    }

    /// A token in software (Debian's softhsm2, which `Scripts/setup` installs) that holds a fresh key.
    private func token(in path: String) async throws -> (uri: String, environment: [String: String]) {
        try FileManager.default.createDirectory(atPath: path + "/tokens", withIntermediateDirectories: true)
        let configuration = path + "/softhsm2.conf"
        try "directories.tokendir = \(path)/tokens\nlog.level = ERROR\n"
            .write(toFile: configuration, atomically: true, encoding: .utf8)
        let (pin, pinFile) = ("482913", path + "/pin")
        try pin.write(toFile: pinFile, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pinFile)
        // Its bytes come into the token from a file, since Debian's tool cannot draw it there.
        _ = try await run(["keys", "new", path + "/born"])
        _ = try await run(["keys", "export", path + "/bare", "--home", path + "/born", "--pem"])
        let environment = ["SOFTHSM2_CONF": configuration]
        try utility(["--init-token", "--free", "--label", "sotto", "--pin", pin, "--so-pin", "9876543"], environment)
        try utility(
            [
                "--import", path + "/bare/keys/sign.pem", "--token", "sotto", "--label", "validator", "--id", "0a",
                "--pin",
                pin,
            ], environment)
        for folder in ["/born", "/bare"] { try FileManager.default.removeItem(atPath: path + folder) }
        let module = "/usr/lib/softhsm/libsofthsm2.so"
        return ("pkcs11:token=sotto;object=validator?module-path=\(module)&pin-source=\(pinFile)", environment)
    }

    private func utility(_ arguments: [String], _ environment: [String: String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/softhsm2-util")
        process.arguments = arguments
        process.environment = environment
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "softhsm2-util \(arguments[0]); is softhsm2 installed?")
    }
}
