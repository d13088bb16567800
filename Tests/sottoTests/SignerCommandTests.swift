import Foundation
import Testing

/// A program that runs until it is told to stop, with what it writes to standard error.
final class Running {
    let process = Process()
    private let log: URL

    init(_ arguments: [String], environment: [String: String] = [:], log: URL) throws {
        self.log = log
        process.executableURL = Program.url
        process.arguments = arguments
        process.environment = ["HOME": log.deletingLastPathComponent().path].merging(environment) { $1 }
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    var errors: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    func says(_ text: String) async throws {
        for _ in 0..<3_000 {
            if errors.contains(text) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("\(process.arguments ?? []) did not say \(text): \(errors)")
    }

    func stop(_ signal: Int32 = SIGTERM) {
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
    }
}

@Suite("A validator's key in a process of its own", .serialized, .timeLimit(.minutes(3)))
struct SignerCommandTests {
    private let directory: URL
    private var path: String { directory.path }

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "sotto-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private func admit(_ name: String) async throws -> Program.Result {
        let genesis = path + "/network/genesis.cbor"
        let made = try await Program.run(["init", "--home", path + "/" + name, "--genesis", genesis])
        #expect(made.code == 0)
        return try await Program.run([
            "member", "admit", path + "/\(name)/registration.cbor", "--home", path + "/network/registrar",
        ])
    }

    @Test("A validator signs through `sotto signer`, waits while it is dead, and goes on when it is back")
    func signer() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let made = ["testnet", "--output", path + "/network", "--validators", "1", "--base-port", "0"]
        #expect(try await Program.run(made).code == 0)
        let home = path + "/network/validator-1"
        try FileManager.default.createDirectory(
            atPath: path + "/signer/keys", withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: home + "/keys/sign.key", toPath: path + "/signer/keys/sign.key")
        let socket = path + "/socket"
        func signer(_ number: Int) async throws -> Running {
            let arguments = ["signer", "--home", path + "/signer", "--listen", socket]
            let running = try Running(arguments, log: directory.appending(path: "signer-\(number)"))
            try await running.says("socket=\(socket)")
            return running
        }
        let first = try await signer(1)
        let node = try Running(
            ["start", "--home", home],
            environment: ["SOTTO_SIGNER": "socket:" + socket, "SOTTO_PASSPHRASE_FILE": path + "/passphrase"],
            log: directory.appending(path: "node"))
        try await node.says("rpc=")
        #expect(try await admit("alice").code == 0)
        #expect(!FileManager.default.fileExists(atPath: home + "/keys/sign.key"))

        first.stop(SIGKILL)
        async let bob = admit("bob")
        try await node.says("why=unreachable")
        let status = try await Program.run(["status", "--home", home])
        #expect(status.output.contains("the signer does not answer"))
        let second = try await signer(2)
        let admitted = try await bob
        #expect(admitted.code == 0, "\(admitted.errors)")
        try await node.says("signer_back")
        node.stop()
        second.stop()
        #expect(node.process.terminationStatus == 0)
        #expect(second.process.terminationStatus == 0)
    }

    @Test("What is wrong with a key's place is said, with what to do")
    func faults() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let made = ["testnet", "--output", path + "/network", "--validators", "1", "--base-port", "0"]
        #expect(try await Program.run(made).code == 0)
        let home = path + "/network/validator-1"
        let pin = path + "/pin"
        try "1234\n".write(toFile: pin, atomically: true, encoding: .utf8)
        let module = "?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=\(pin)"
        let cases: [(value: String, errors: [String])] = [
            ("elsewhere", ["neither file nor socket:PATH nor pkcs11"]), ("socket:", ["1 to 107 bytes"]),
            ("pkcs11:token=a", ["names no module"]), ("pkcs11:?module-path=/m&pin-value=1", ["must not stand"]),
            ("pkcs11:token=a" + module, ["others may read the PIN's file", "chmod 600"]),
        ]
        for (value, errors) in cases {
            let result = try await Program.run(["start", "--home", home], environment: ["SOTTO_SIGNER": value])
            #expect(result.code == 5, "\(value)")
            for error in errors { #expect(result.errors.contains(error), "\(result.errors)") }
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pin)
        let tokens = path + "/tokens"
        try FileManager.default.createDirectory(atPath: tokens, withIntermediateDirectories: true)
        try "directories.tokendir = \(tokens)\n".write(
            toFile: path + "/softhsm.conf", atomically: true, encoding: .utf8)
        let environment = ["SOFTHSM2_CONF": path + "/softhsm.conf", "SOTTO_SIGNER": "pkcs11:token=a" + module]
        let missing = try await Program.run(["start", "--home", home], environment: environment)
        #expect(missing.errors.contains("the token is not there") && missing.errors.contains("--list-slots"))
        let empty = try await Program.run(["signer", "--home", path + "/none"])
        #expect(empty.code == 5 && empty.errors.contains("sotto keys new"))
    }
}
