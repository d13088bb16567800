import EventLoop
package import Primitives
import Synchronization

/// One line for each event: a name and key=value pairs. Addresses, numbers and secrets have no way in: values are
/// numbers, ids and words of the program.
package struct Log: Sendable {
    package enum Level: Int, Comparable, Sendable {
        /// Per message.
        case debug
        /// One line for each height or call.
        case info
        /// A limit or a fault that is borne.
        case warning
        /// Somebody must act.
        case error

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
        package var word: String { String(describing: self) }
    }

    package enum Value: Sendable {
        case number(UInt64)
        case word(String)
        case id(Bytes32)

        package var text: String {
            switch self {
            case .number(let number): String(number)
            // Words come from the program, but may quote: nothing in them may end a line or a pair.
            case .word(let word): String(word.map { $0.isWhitespace || $0 == "=" ? "_" : $0 })
            case .id(let id): String(id.hex.prefix(12))
            }
        }
    }

    package typealias Line = (level: Level, event: String, values: [(String, Value)])

    private let least: Level
    private let write: @Sendable (Level, String) -> Void

    /// - Parameters:
    ///   - least: the least urgent level that is written.
    ///   - write: takes one finished line without a line break.
    package init(least: Level = .info, write: @escaping @Sendable (Level, String) -> Void) {
        self.least = least
        self.write = write
    }

    /// Says nothing.
    package static let silent = Log(least: .error) { _, _ in }

    package func callAsFunction(_ level: Level, _ event: String, _ values: KeyValuePairs<String, Value> = [:]) {
        guard level >= least else { return }
        let pairs = values.map { " \($0.key)=\($0.value.text)" }.joined()
        write(level, "\(level.word) \(event)\(pairs)")
    }
}

extension Log.Value {
    package static func counter(_ value: some Counter) -> Log.Value { .number(value.rawValue) }
    package static func id(_ value: some Identifier) -> Log.Value { .id(value.raw) }
    package static func count(_ value: Int) -> Log.Value { .number(UInt64(max(0, value))) }
}
