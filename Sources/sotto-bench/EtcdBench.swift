internal import EventLoop
internal import FoundationEssentials

/// A yardstick that anyone can install: three `etcd` servers, crash-fault tolerant only, and its own load generator.
enum EtcdBench {
    private static let server = "/usr/bin/etcd"
    private static let client = "/usr/bin/etcdctl"

    static func run(into report: Report) async throws {
        guard [server, client].allSatisfy(FileManager.default.isExecutableFile(atPath:)) else {
            return report.fact("etcd", "not installed, so not measured: apt-get install etcd-server etcd-client")
        }
        let root = try Leftovers.shared.directory()
        let ports = (0..<3).map { 23_790 + 10 * $0 }
        let cluster = ports.map { "n\($0)=http://127.0.0.1:\($0 + 1)" }.joined(separator: ",")
        for port in ports {
            try Leftovers.shared.start(
                server,
                [
                    "--name", "n\(port)", "--data-dir", "\(root)/\(port)",
                    "--listen-client-urls", "http://127.0.0.1:\(port)",
                    "--advertise-client-urls", "http://127.0.0.1:\(port)",
                    "--listen-peer-urls", "http://127.0.0.1:\(port + 1)",
                    "--initial-advertise-peer-urls", "http://127.0.0.1:\(port + 1)",
                    "--initial-cluster", cluster, "--initial-cluster-state", "new",
                ], log: "\(root)/\(port).log")
        }
        try await Task.sleep(for: .seconds(5))
        let log = root + "/check.log"
        let endpoints = ports.map { "127.0.0.1:\($0)" }.joined(separator: ",")
        // It exits with an error when the rate is below what the load asks for; the number is printed all the same.
        try? Leftovers.shared.run(client, ["--endpoints", endpoints, "check", "perf", "--load", "xl"], log: log)
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        guard let rate = text.split(whereSeparator: \.isWhitespace).compactMap({ Int($0) }).last, rate > 0 else {
            return report.fact("etcd", "its load generator gave no rate: \(text.suffix(200))")
        }
        report.row("etcd.rate", Double(rate), "puts/s, etcdctl check perf --load xl, 3 servers, unsigned")
        let ours = [200, 1_000, 5_000].compactMap { report.value("ledger.window\($0).rate") }.max()
        if let ours { report.row("etcd.ledger", ours / Double(rate), "times that: the ledger's best rate in this run") }
    }
}
