import Foundation
import RPC
import Testing

/// What lies in Scripts/operate speaks of metrics that exist, and programs that know the formats take it.
@Suite("Alerts, dashboard and unit")
struct OperateTests {
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Scripts/operate")

    private func text(_ name: String) throws -> String {
        try String(contentsOf: Self.directory.appending(path: name), encoding: .utf8)
    }

    /// Names of our metrics in some text, with the endings of histograms taken off.
    private func metrics(in text: String) -> Set<String> {
        let histograms = Set(Metric.allCases.filter { $0.kind == .histogram }.map(\.name))
        let names = text.matches(of: #/\b(sotto|process)_[a-z0-9_]+/#).map { String($0.output.0) }
        return Set(
            names.map { name in
                for ending in ["_bucket", "_sum", "_count"]
                where histograms.contains(String(name.dropLast(ending.count))) {
                    if name.hasSuffix(ending) { return String(name.dropLast(ending.count)) }
                }
                return name
            })
    }

    /// Runs a program that may not be installed; nil when it is not.
    private func run(_ program: String, _ arguments: [String]) throws -> Int32? {
        guard let path = ["/usr/bin/", "/bin/"].map({ $0 + program }).first(where: FileManager.default.fileExists)
        else { return nil }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test("Alerts name metrics that exist, each has a summary and a severity, and promtool takes them")
    func alerts() throws {
        let text = try text("alerts.yml")
        let known = Set(Metric.allCases.map(\.name))
        #expect(metrics(in: text).subtracting(known) == [])
        let count = text.matches(of: #/- alert: /#).count
        #expect(count > 10)
        #expect(text.matches(of: #/ summary: "/#).count == count)
        #expect(text.matches(of: #/severity: (warning|critical)/#).count == count)
        if let code = try run("promtool", ["check", "rules", Self.directory.appending(path: "alerts.yml").path]) {
            #expect(code == 0)
        }
    }

    @Test("The dashboard is JSON, asks for metrics that exist, and leaves none out")
    func dashboard() throws {
        let text = try text("dashboard.json")
        let value = try JSONValue(parsing: Array(text.utf8))
        let panels = value["panels"]?.list ?? []
        #expect(panels.count > 20)
        #expect(Set(panels.compactMap { $0["id"]?.unsigned }).count == panels.count)
        #expect(metrics(in: text) == Set(Metric.allCases.map(\.name)))
    }

    @Test("The unit is hardened, restarts, is watched, and systemd reads it")
    func unit() throws {
        let text = try text("sotto.service")
        for line in [
            "Type=notify", "ProtectSystem=strict", "StateDirectory=sotto", "NoNewPrivileges=yes", "Restart=on-failure",
            "WatchdogSec=60", "LimitNOFILE=65536", "User=sotto", "CapabilityBoundingSet=",
        ] { #expect(text.contains("\n\(line)\n"), "\(line)") }
        // Read with a program that is there, since the real one is installed by whoever installs the unit.
        let copy = FileManager.default.temporaryDirectory.appending(path: "sotto-\(UUID().uuidString).service")
        defer { try? FileManager.default.removeItem(at: copy) }
        try text.replacing("/usr/bin/sotto start", with: "/bin/true").write(to: copy, atomically: true, encoding: .utf8)
        if let code = try run("systemd-analyze", ["verify", copy.path]) { #expect(code == 0) }
    }
}
