import Foundation
import RPC
import Testing

/// What Prometheus' text format 0.0.4 demands, read by a parser of its own; and by promtool where it is installed.
@Suite("The metrics page")
struct MetricsPageTests {
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private func filled() -> MetricsRegistry {
        let registry = MetricsRegistry()
        for metric in Metric.allCases {
            switch metric.kind {
            case .histogram: registry.observe(.milliseconds(3), in: metric)
            case .counter, .gauge: registry.set(metric, to: 1.5, label: metric.label == nil ? "" : "a\"b\\c\nd")
            }
        }
        return registry
    }

    @Test("Every line is a comment or a sample of the family announced before it, and no family comes twice")
    func wellFormed() throws {
        let name = #/[a-zA-Z_:][a-zA-Z0-9_:]*/#
        let sample =
            #/
            (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
            (\{[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*"\})?
            \ (?<value>[-+0-9.eE]+|\+Inf|NaN)
            /#
        var families: [String] = []
        var kinds: [String: String] = [:]
        for line in filled().text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let words = line.split(separator: " ", maxSplits: 3)
            if line.hasPrefix("# HELP ") {
                families.append(String(words[2]))
                #expect(words[2].wholeMatch(of: name) != nil)
            } else if line.hasPrefix("# TYPE ") {
                kinds[String(words[2])] = String(words[3])
                #expect(families.last == String(words[2]))
            } else {
                let match = try #require(line.wholeMatch(of: sample), "\(line)")
                let family = try #require(families.last)
                let suffix = match.output.name.dropFirst(family.count)
                #expect(match.output.name.hasPrefix(family), "\(line)")
                #expect(kinds[family] == "histogram" ? ["_bucket", "_sum", "_count"].contains(suffix) : suffix.isEmpty)
            }
        }
        #expect(Set(families).count == families.count)
        #expect(families.count == Metric.allCases.count)
    }

    @Test("A counter's name ends with _total, and no other's does")
    func suffixes() {
        for metric in Metric.allCases {
            #expect((metric.kind == .counter) == metric.name.hasSuffix("_total"), "\(metric.name)")
        }
    }

    @Test("The operator's table names each metric with its kind and meaning, and no other")
    func documented() throws {
        let url = Self.repository.appending(path: "Sources/Node/Node.docc/Operating.md")
        let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
        let rows = lines.filter { $0.hasPrefix("| `sotto_") || $0.hasPrefix("| `process_") }.map(String.init)
        let expected = Metric.allCases.map { metric in
            "| `\(metric.name)\(metric.label.map { "{\($0)}" } ?? "")` | \(metric.kind.rawValue) | \(metric.help) |"
        }
        #expect(rows == expected)
    }
}
