internal import Synchronization

/// The numbers of one node, for Prometheus. Any part of the node writes, `/metrics` reads.
///
/// Label values are bounded: beyond 64 of one metric, further ones count as `other`.
package final class MetricsRegistry: Sendable {
    private static let labelValueMax = 64

    private struct Histogram {
        var counts = [UInt64](repeating: 0, count: Metric.bounds.count + 1)
        var sum = 0.0
    }
    private struct Values {
        var numbers: [Metric: [String: Double]] = [:]
        var histograms: [Metric: Histogram] = [:]
    }
    private let values = Mutex(Values())

    package init() {}

    /// Counts up.
    package func add(_ amount: Double = 1, to metric: Metric, label: String = "") {
        values.withLock { values in
            let key = Self.key(label, of: metric, in: values)
            values.numbers[metric, default: [:]][key, default: 0] += amount
        }
    }

    /// Sets a gauge.
    package func set(_ metric: Metric, to value: Double, label: String = "") {
        values.withLock { values in
            let key = Self.key(label, of: metric, in: values)
            values.numbers[metric, default: [:]][key] = value
        }
    }

    /// Sets a gauge for all its labels at once; labels that are not among them are forgotten.
    package func replace(_ metric: Metric, with numbers: [(label: String, value: Double)]) {
        values.withLock { values in
            values.numbers[metric] = [:]
            for (label, value) in numbers {
                let key = Self.key(label, of: metric, in: values)
                values.numbers[metric, default: [:]][key] = value
            }
        }
    }

    /// Adds one observation to a histogram.
    package func observe(_ duration: Duration, in metric: Metric) {
        let seconds = duration / .seconds(1)
        let bucket = Metric.bounds.firstIndex { seconds <= $0 } ?? Metric.bounds.count
        values.withLock { values in
            values.histograms[metric, default: Histogram()].counts[bucket] += 1
            values.histograms[metric, default: Histogram()].sum += seconds
        }
    }

    /// The number under `metric`; 0 when nobody wrote one.
    package func value(of metric: Metric, label: String = "") -> Double {
        values.withLock { $0.numbers[metric]?[label] ?? 0 }
    }

    /// All metrics in the text format of Prometheus, version 0.0.4.
    package var text: String {
        let values = values.withLock { $0 }
        var lines: [String] = []
        for metric in Metric.allCases {
            let name = metric.name
            lines.append("# HELP \(name) \(metric.help)")
            lines.append("# TYPE \(name) \(metric.kind.rawValue)")
            switch metric.kind {
            case .histogram: lines += Self.lines(name, values.histograms[metric] ?? Histogram())
            case .counter, .gauge: lines += Self.lines(name, metric, values.numbers[metric] ?? [:])
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func key(_ label: String, of metric: Metric, in values: Values) -> String {
        guard metric.label != nil else { return "" }
        let known = values.numbers[metric] ?? [:]
        return known[label] != nil || known.count < labelValueMax ? label : "other"
    }

    private static func lines(_ name: String, _ metric: Metric, _ numbers: [String: Double]) -> [String] {
        guard let label = metric.label else { return ["\(name) \(number(numbers[""] ?? 0))"] }
        return numbers.sorted { $0.key < $1.key }
            .map { "\(name){\(label)=\"\(escaped($0.key))\"} \(number($0.value))" }
    }

    private static func lines(_ name: String, _ histogram: Histogram) -> [String] {
        var lines: [String] = []
        var total: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            total += count
            let bound = index < Metric.bounds.count ? "\(Metric.bounds[index])" : "+Inf"
            lines.append("\(name)_bucket{le=\"\(bound)\"} \(total)")
        }
        lines.append("\(name)_sum \(histogram.sum)")
        lines.append("\(name)_count \(total)")
        return lines
    }

    /// Whole numbers without a fraction, since they are exact up to 2^53.
    private static func number(_ value: Double) -> String {
        Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    private static func escaped(_ text: String) -> String {
        var output = ""
        for character in text {
            switch character {
            case "\\": output += "\\\\"
            case "\"": output += "\\\""
            case "\n": output += "\\n"
            default: output.append(character)
            }
        }
        return output
    }
}
