/// One thing that can be configured.
package struct SettingsField: Sendable {
    package enum Kind: Sendable {
        case text
        case path
        case boolean
        case integer(ClosedRange<UInt64>)
        /// A number with ms, s, m or h.
        case duration(ClosedRange<Duration>)
        /// A number, alone or with KiB, MiB or GiB.
        case byteCount(ClosedRange<UInt64>)
        case choice([String])
        /// Words between commas.
        case list
    }

    /// Words with dots, `part.name`.
    package let key: String
    package let kind: Kind
    package let defaultValue: String
    /// What it is, in which unit, and why the default is what it is.
    package let description: String

    package init(_ key: String, _ kind: Kind, default defaultValue: String, _ description: String) {
        self.key = key
        self.kind = kind
        self.defaultValue = defaultValue
        self.description = description
    }

    /// `part.someName` as `SOTTO_PART_SOME_NAME`.
    package var environmentName: String { "SOTTO_" + separated("_").uppercased() }
    /// `part.someName` as `--part-some-name`.
    package var flagName: String { "--" + separated("-") }

    private func separated(_ separator: String) -> String {
        var output = ""
        for character in key {
            if character == "." {
                output += separator
            } else if character.isUppercase {
                output += separator + character.lowercased()
            } else {
                output.append(character)
            }
        }
        return output
    }
}

/// A value that was read, of the kind of its field.
package enum SettingsValue: Equatable, Sendable {
    case text(String)
    case boolean(Bool)
    case integer(UInt64)
    case duration(Duration)
    case list([String])
}

extension SettingsField {
    /// Reads `text`, or says what was expected.
    func parse(_ text: String) -> Result<SettingsValue, Expectation> {
        switch kind {
        case .text, .path: return .success(.text(text))
        case .boolean:
            guard text == "true" || text == "false" else { return .failure(Expectation("true or false")) }
            return .success(.boolean(text == "true"))
        case .integer(let range):
            guard let value = UInt64(text), range.contains(value) else {
                return .failure(Expectation("a whole number from \(range.lowerBound) to \(range.upperBound)"))
            }
            return .success(.integer(value))
        case .duration(let range):
            guard let value = Self.duration(text), range.contains(value) else {
                return .failure(
                    Expectation("a time from \(range.lowerBound) to \(range.upperBound), as 500ms, 10s, 2m or 1h"))
            }
            return .success(.duration(value))
        case .byteCount(let range):
            guard let value = Self.byteCount(text), range.contains(value) else {
                return .failure(
                    Expectation("bytes from \(range.lowerBound) to \(range.upperBound), as 4096, 64KiB or 1MiB"))
            }
            return .success(.integer(value))
        case .choice(let words):
            guard words.contains(text) else { return .failure(Expectation("one of " + words.joined(separator: ", "))) }
            return .success(.text(text))
        case .list:
            return .success(.list(text.split(separator: ",").map { SettingsReader.trim($0) }.filter { !$0.isEmpty }))
        }
    }

    /// What should have stood there.
    struct Expectation: Error, Equatable {
        let text: String
        init(_ text: String) { self.text = text }
    }

    private static func duration(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number < 1 << 40 else { return nil }
        switch text.dropFirst(digits.count) {
        case "ms": return .milliseconds(number)
        case "s": return .seconds(number)
        case "m": return .seconds(number * 60)
        case "h": return .seconds(number * 3600)
        default: return nil
        }
    }

    private static func byteCount(_ text: String) -> UInt64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = UInt64(digits), number < 1 << 32 else { return nil }
        switch text.dropFirst(digits.count) {
        case "": return number
        case "KiB": return number << 10
        case "MiB": return number << 20
        case "GiB": return number << 30
        default: return nil
        }
    }
}
