import Foundation
import Testing

@Suite("sotto doctor", .serialized)
struct DoctorTests {
    private func network() async throws -> (root: URL, home: String) {
        let root = FileManager.default.temporaryDirectory.appending(path: "sotto-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        let path = root.path + "/network"
        let made = try await Program.run(["testnet", "--output", path, "--validators", "1", "--base-port", "0"])
        try #require(made.code == 0, "\(made.errors)")
        return (root, path + "/validator-1")
    }

    /// Verdict and advice of each check, by name; the last of several.
    private func findings(_ home: String) async throws -> (
        found: [String: (verdict: String, text: String)], code: Int32
    ) {
        let result = try await Program.run(["doctor", "--home", home, "--json"])
        let value = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        var found: [String: (verdict: String, text: String)] = [:]
        for finding in try #require(value?["findings"] as? [[String: Any]]) {
            let name = try #require(finding["check"] as? String)
            let verdict = try #require(finding["verdict"] as? String)
            #expect(verdict == "ok" || finding["advice"] is String || name == "clock", "\(name) says what to do")
            if found[name]?.verdict != "fault" { found[name] = (verdict, finding["text"] as? String ?? "") }
        }
        return (found, result.code)
    }

    @Test("A stopped node that is right has no fault in what does not depend on the machine")
    func right() async throws {
        let (root, home) = try await network()
        defer { try? FileManager.default.removeItem(at: root) }
        let (found, _) = try await findings(home)
        for check in ["settings", "genesis", "keys", "node", "ports", "peers", "store"] {
            #expect(found[check]?.verdict == "ok", "\(check): \(String(describing: found[check]))")
        }
        #expect(found["fsync"] != nil && found["clock"] != nil && found["disk"] != nil)
        #expect(!FileManager.default.fileExists(atPath: home + "/data/.sync-probe"))
    }

    @Test("Open keys, a port that cannot be had, a wrong setting, a broken genesis: faults, and exit code 1")
    func faults() async throws {
        let (root, home) = try await network()
        defer { try? FileManager.default.removeItem(at: root) }
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: home + "/keys/sign.key")
        let conf = try String(contentsOfFile: home + "/sotto.conf", encoding: .utf8)
        // An address that this machine does not have.
        try conf.replacing("link.listen = 127.0.0.1", with: "link.listen = 192.0.2.1")
            .write(toFile: home + "/sotto.conf", atomically: true, encoding: .utf8)
        var (found, code) = try await findings(home)
        #expect(code == 1)
        #expect(found["keys"]?.verdict == "fault" && found["keys"]?.text.contains("sign.key") == true)
        #expect(found["ports"]?.verdict == "fault" && found["ports"]?.text.contains("link.listen") == true)
        try (conf + "link.lissten = x\n").write(toFile: home + "/sotto.conf", atomically: true, encoding: .utf8)
        try Data([0]).write(to: URL(filePath: home + "/genesis.cbor"))
        (found, code) = try await findings(home)
        #expect(code == 1)
        #expect(found["settings"]?.verdict == "fault")
        #expect(found["genesis"]?.verdict == "fault")
    }
}
