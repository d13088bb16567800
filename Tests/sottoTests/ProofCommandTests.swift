import Foundation
import Testing

@Suite("Commands that prove and check", .serialized)
struct ProofCommandTests {
    private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Genesis/golden/proof.sotto")

    @Test("A bundle is checked without a network, and says what it proves and as of when")
    func check() async throws {
        let result = try await Program.run(["ledger", "check", Self.golden.path])
        #expect(result.code == 0)
        for text in [
            "network golden 4", "reached by 2 handovers", "consent.give", "revoked", "absent", "as of this record",
        ] { #expect(result.output.contains(text), "\(text)") }
        #expect(result.errors.contains("named its network itself"))
        let json = try await Program.run(["ledger", "check", Self.golden.path, "--json"])
        #expect(json.output.contains("\"holds\": true"))
    }

    @Test("A bundle of another network, a changed one and what is none are refused, each with a reason")
    func refusals() async throws {
        let zero = String(repeating: "0", count: 64)
        let other = try await Program.run(["ledger", "check", Self.golden.path, "--chain", zero])
        #expect(other.code != 0)
        #expect(other.errors.contains("another network"))
        let directory = FileManager.default.temporaryDirectory.appending(path: "sotto-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        var data = try Data(contentsOf: Self.golden)
        data[data.count / 2] ^= 1
        let changed = directory.appending(path: "changed.sotto")
        try data.write(to: changed)
        let refused = try await Program.run(["ledger", "check", changed.path])
        #expect(refused.code != 0)
        #expect(refused.output.isEmpty)
        let none = try await Program.run(["ledger", "check", #filePath])
        #expect(none.errors.contains("is no proof bundle"))
        #expect(try await Program.run(["ledger", "check", directory.path + "/nothing"]).code != 0)
    }
}
