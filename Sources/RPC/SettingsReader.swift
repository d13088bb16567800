/// Reads the configuration of a program: defaults, then the file, then the environment, then flags; the last one wins.
/// All faults are found before any is reported, and what nobody knows is a fault.
///
/// The file holds `key = value` lines; a line that begins with `#` is a comment. There is no quoting: the value is what
/// stands behind the first `=`, without the spaces around it.
package struct SettingsReader: Sendable {
    /// Longer files are refused, in bytes.
    package static let fileByteCountMax = 1 << 20

    package let fields: [SettingsField]

    package init(fields: [SettingsField]) { self.fields = fields }

    /// What is wrong, one sentence for each fault.
    package struct Faults: Error, Equatable {
        package let sentences: [String]

        package init(sentences: [String]) { self.sentences = sentences }
    }

    /// A value and where it came from.
    package struct Reading: Sendable {
        package let value: SettingsValue
        package let text: String
        package let source: String
    }

    /// - Parameters:
    ///   - file: name and content of the configuration file, when there is one.
    ///   - environment: all variables; those that begin with SOTTO_ are ours.
    ///   - flags: values by flag name.
    /// - Throws: ``Faults``, all of them.
    package func read(
        file: (name: String, text: String)?, environment: [String: String], flags: [String: String]
    ) throws(Faults) -> SettingsValues {
        var readings: [String: Reading] = [:]
        var faults: [String] = []
        for field in fields {
            if case .success(let value) = field.parse(field.defaultValue) {
                readings[field.key] = Reading(value: value, text: field.defaultValue, source: "default")
            }
        }
        func take(_ field: SettingsField, _ text: String, _ source: String) {
            switch field.parse(text) {
            case .success(let value): readings[field.key] = Reading(value: value, text: text, source: source)
            case .failure(let expected): faults.append("\(source): \(field.key) must be \(expected.text)")
            }
        }
        if let file {
            for line in lines(of: file, &faults) { take(line.field, line.text, line.source) }
        }
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("SOTTO_") {
            if ["SOTTO_HOME", "SOTTO_PASSPHRASE_FILE"].contains(name) { continue }
            guard let field = fields.first(where: { $0.environmentName == name }) else {
                faults.append("environment: \(name) is no setting" + near(name, fields.map(\.environmentName)))
                continue
            }
            take(field, text, "environment \(name)")
        }
        for field in fields {
            if let text = flags[field.flagName] { take(field, text, "flag \(field.flagName)") }
        }
        guard faults.isEmpty else {
            throw Faults(sentences: faults)
        }
        return SettingsValues(readings: readings)
    }

    private func lines(
        of file: (name: String, text: String), _ faults: inout [String]
    ) -> [(field: SettingsField, text: String, source: String)] {
        var output: [(field: SettingsField, text: String, source: String)] = []
        var seen: [String: Int] = [:]
        guard file.text.utf8.count <= Self.fileByteCountMax else {
            faults.append("\(file.name): longer than \(Self.fileByteCountMax) bytes")
            return []
        }
        // By bytes: as characters, the CR LF of other systems is one that is no LF, and a mark joins a space before it.
        let newline = UInt8(ascii: "\n")
        let equals = UInt8(ascii: "=")
        for (index, line) in file.text.utf8.split(separator: newline, omittingEmptySubsequences: false).enumerated() {
            let line = Self.trim(Substring(line))
            if line.isEmpty || line.utf8.first == UInt8(ascii: "#") { continue }
            let source = "\(file.name):\(index + 1)"
            let parts = line.utf8.split(separator: equals, maxSplits: 1, omittingEmptySubsequences: false)
                .map(Substring.init)
            guard parts.count == 2 else {
                faults.append("\(source): a line is key = value")
                continue
            }
            let key = Self.trim(parts[0])
            guard let field = fields.first(where: { $0.key == key }) else {
                faults.append("\(source): there is no setting \(key)" + near(key, fields.map(\.key)))
                continue
            }
            if let first = seen.updateValue(index + 1, forKey: key) {
                faults.append("\(source): \(key) stands in line \(first) already")
                continue
            }
            output.append((field, Self.trim(parts[1]), source))
        }
        return output
    }

    private func near(_ word: String, _ candidates: [String]) -> String {
        Spelling.nearest(to: word, among: candidates).map { "; did you mean \($0)?" } ?? ""
    }

    static func trim(_ text: Substring) -> String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }
        var bytes = text.utf8
        while let first = bytes.first, isSpace(first) { bytes.removeFirst() }
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        return String(Substring(bytes))
    }

    /// A file with every setting at its default and its meaning above it.
    package func template() -> String {
        fields.map { field in
            "# \(field.description)\n# Environment: \(field.environmentName)\n\(field.key) = \(field.defaultValue)\n"
        }.joined(separator: "\n")
    }
}

/// What was read: a value for every field.
package struct SettingsValues: Sendable {
    package let readings: [String: SettingsReader.Reading]

    /// Of a field of kind `text`, `path` or `choice`. Like the others it takes only keys of fields that were read, of
    /// their kind.
    package func text(_ key: String) -> String {
        guard case .text(let value) = readings[key]?.value else { preconditionFailure("setting \(key) is no text") }
        return value
    }

    /// Nil when the text is empty: the setting is not made.
    package func textIfSet(_ key: String) -> String? { text(key).isEmpty ? nil : text(key) }

    /// Of a field of kind `boolean`.
    package func boolean(_ key: String) -> Bool {
        guard case .boolean(let value) = readings[key]?.value else { preconditionFailure("setting \(key)") }
        return value
    }

    /// Of a field of kind `integer` or `byteCount`.
    package func integer(_ key: String) -> UInt64 {
        guard case .integer(let value) = readings[key]?.value else { preconditionFailure("setting \(key)") }
        return value
    }

    /// Of a field of kind `duration`.
    package func duration(_ key: String) -> Duration {
        guard case .duration(let value) = readings[key]?.value else { preconditionFailure("setting \(key)") }
        return value
    }

    /// Of a field of kind `list`.
    package func list(_ key: String) -> [String] {
        guard case .list(let value) = readings[key]?.value else { preconditionFailure("setting \(key)") }
        return value
    }
}
