internal import EventLoop
internal import FoundationEssentials
internal import Glibc
internal import RPC
internal import Synchronization

/// Prints what was measured, row by row: name, value, unit.
struct Report: Sendable {
    private static let nameWidth = 34
    private static let valueWidth = 12
    let isJSON: Bool
    private let printed = Printed()

    private final class Printed: Sendable { let values = Mutex<[String: Double]>([:]) }

    init(isJSON: Bool) { self.isJSON = isJSON }

    /// What was measured under this name in this run, if it was.
    func value(_ name: String) -> Double? { printed.values.withLock { $0[name] } }

    /// A number, to three or four digits.
    func row(_ name: String, _ value: Double, _ unit: String) {
        printed.values.withLock { $0[name] = value }
        if isJSON {
            line(["name": .string(name), "value": .float(value), "unit": .string(unit)])
        } else {
            Terminal.write(
                Self.padded(name, Self.nameWidth) + Self.aligned(Self.text(value), Self.valueWidth) + "  \(unit)\n",
                to: STDOUT_FILENO)
        }
    }

    /// What a number is about: sizes, counts, places.
    func fact(_ name: String, _ text: String) {
        if isJSON {
            line(["name": .string(name), "value": .string(text), "unit": .null])
        } else {
            Terminal.write(Self.padded(name, Self.nameWidth) + "  \(text)\n", to: STDOUT_FILENO)
        }
    }

    /// Median and 99th percentile.
    func latency(_ name: String, _ sample: Sample) {
        row(name + ".p50", sample.percentile(50) / .milliseconds(1), "ms")
        row(name + ".p99", sample.percentile(99) / .milliseconds(1), "ms")
    }

    /// What the numbers were measured on, and whether other work was going on at the start.
    func machine() {
        let lines = (Self.file("/proc/cpuinfo") ?? "").split(separator: "\n")
        let model = lines.first { $0.hasPrefix("model name") }.flatMap { $0.split(separator: ":").last }
        fact("machine.model", model.map { String($0.drop { $0 == " " }) } ?? "unknown")
        row("machine.cores", Double(sysconf(Int32(_SC_NPROCESSORS_ONLN))), "cores")
        let load = (Self.file("/proc/loadavg") ?? "").split(separator: " ").first.flatMap { Double($0) }
        if let load { row("machine.load", load, "runnable, 1 min mean") }
        #if DEBUG
            fact("build", "debug: not the numbers of a release build")
        #else
            fact("build", "release")
        #endif
    }

    private static func file(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    private func line(_ value: JSONValue) { Terminal.write(value.text + "\n", to: STDOUT_FILENO) }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private static func aligned(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func text(_ value: Double) -> String {
        guard value < 1_000 else { return "\(Int64(value.rounded()))" }
        let scale = value < 10 ? 1_000.0 : value < 100 ? 100.0 : 10.0
        return "\((value * scale).rounded() / scale)"
    }
}

/// Durations of which percentiles are asked.
struct Sample: Sendable {
    private(set) var durations: [Duration] = []
    var count: Int { durations.count }

    mutating func add(_ duration: Duration) { durations.append(duration) }

    /// The smallest value that `percent` of all do not exceed; zero without any.
    func percentile(_ percent: Int) -> Duration {
        guard !durations.isEmpty else { return .zero }
        let rank = (durations.count * percent + 99) / 100
        return durations.sorted()[max(0, rank - 1)]
    }
}

/// Runs a body again and again.
enum Meter {
    /// Calls per second of `body` over `time`, on this thread.
    static func rate(for time: Duration, _ body: () throws -> Void) rethrows -> Double {
        let began = SystemTime.monotonic
        var count = 0
        while SystemTime.monotonic - began < time {
            for _ in 0..<32 { try body() }
            count += 32
        }
        return Double(count) / ((SystemTime.monotonic - began) / .seconds(1))
    }
}

/// Where the program writes.
enum Terminal {
    static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            // Whoever read this is gone.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
