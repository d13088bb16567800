import Foundation
import Testing

@Suite("Commands that make a network", .serialized)
struct NetworkCommandTests {
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private func scratch() throws -> URL {
        let url = FileManager.default.temporaryDirectory.appending(path: "sotto-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }

    private func mode(_ url: URL) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? Int
    }

    @Test("testnet --example makes the published network, byte for byte")
    func example() async throws {
        let directory = try scratch()
        defer { try? FileManager.default.removeItem(at: directory) }
        let result = try await Program.run(["testnet", "--example", "--output", directory.path + "/network"])
        #expect(result.code == 0)
        for name in ["genesis.cbor", "genesis.json"] {
            let made = try Data(contentsOf: directory.appending(path: "network/\(name)"))
            let published = try Data(contentsOf: Self.repository.appending(path: "Genesis/example/\(name)"))
            #expect(made == published, "\(name)")
        }
    }

    @Test("Two networks share no key, and key files are for their owner alone")
    func secrets() async throws {
        let directory = try scratch()
        defer { try? FileManager.default.removeItem(at: directory) }
        var seen: Set<Data> = []
        for network in ["a", "b"] {
            let path = directory.path + "/" + network
            #expect(try await Program.run(["testnet", "--output", path, "--validators", "2"]).code == 0)
            for home in ["validator-1", "validator-2", "registrar"] {
                let keys = URL(fileURLWithPath: path + "/" + home + "/keys")
                #expect(try mode(keys) == 0o700)
                for file in try FileManager.default.contentsOfDirectory(at: keys, includingPropertiesForKeys: nil) {
                    #expect(try mode(file) == 0o600, "\(file.lastPathComponent)")
                    #expect(seen.insert(try Data(contentsOf: file)).inserted, "\(file.lastPathComponent)")
                }
            }
        }
        #expect(seen.count == 2 * (2 * 7 + 3))
    }

    @Test("A network is not written over another, and a member not over a member")
    func noOverwriting() async throws {
        let directory = try scratch()
        defer { try? FileManager.default.removeItem(at: directory) }
        let network = directory.path + "/network"
        #expect(try await Program.run(["testnet", "--output", network]).code == 0)
        let again = try await Program.run(["testnet", "--output", network])
        #expect(again.code == 1)
        #expect(again.errors.contains("exists"))
        let member = ["init", "--home", directory.path + "/alice", "--genesis", network + "/genesis.cbor"]
        #expect(try await Program.run(member).code == 0)
        #expect(try await Program.run(member).code == 1)
    }

    @Test("Keys under a passphrase open with it and with no other")
    func passphrase() async throws {
        let directory = try scratch()
        defer { try? FileManager.default.removeItem(at: directory) }
        let network = directory.path + "/network"
        #expect(try await Program.run(["testnet", "--output", network, "--validators", "1"]).code == 0)
        for (name, text) in [("right", "correct horse"), ("wrong", "battery staple")] {
            try text.write(toFile: directory.path + "/" + name, atomically: true, encoding: .utf8)
        }
        let home = directory.path + "/alice"
        #expect(
            try await Program.run([
                "init", "--home", home, "--genesis", network + "/genesis.cbor", "--passphrase-file",
                directory.path + "/right",
            ]).code == 0)
        let show = ["keys", "show", "--home", home]
        let opened = try await Program.run(show, environment: ["SOTTO_PASSPHRASE_FILE": directory.path + "/right"])
        #expect(opened.code == 0)
        #expect(opened.output.contains("did:sotto:"))
        let refused = try await Program.run(show, environment: ["SOTTO_PASSPHRASE_FILE": directory.path + "/wrong"])
        #expect(refused.code == 5)
        #expect(try await Program.run(show).code == 5)
        let copy = directory.path + "/copy"
        #expect(
            try await Program.run(
                ["keys", "export", copy, "--home", home],
                environment: ["SOTTO_PASSPHRASE_FILE": directory.path + "/right"]
            ).code == 0)
        #expect(try await Program.run(["keys", "show", "--home", copy]).code == 0)
    }

    @Test("A person's home is no node's, and the program says so")
    func personIsNoNode() async throws {
        let directory = try scratch()
        defer { try? FileManager.default.removeItem(at: directory) }
        let network = directory.path + "/network"
        #expect(try await Program.run(["testnet", "--output", network, "--validators", "1"]).code == 0)
        let home = directory.path + "/alice"
        #expect(try await Program.run(["init", "--home", home, "--genesis", network + "/genesis.cbor"]).code == 0)
        let start = try await Program.run(["start", "--home", home])
        #expect(start.code == 5)
        #expect(start.errors.contains("is a person, not a node"))
    }
}
