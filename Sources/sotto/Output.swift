internal import Glibc
internal import RPC

/// Where the program writes: data to standard output, all else to standard error.
enum Output {
    /// Data. The text brings its own line ends.
    static func write(_ text: String) { write(text, to: 1) }

    /// One line of data.
    static func line(_ text: String) { write(text + "\n", to: 1) }

    /// A value, indented for people or on one line for programs.
    static func json(_ value: JSONValue, pretty: Bool = true) { line(pretty ? value.prettyText : value.text) }

    /// What goes on, for people who watch.
    static func note(_ text: String) { write("sotto: \(text)\n", to: 2) }

    /// One line of a log.
    static func error(_ text: String) { write(text + "\n", to: 2) }

    static func report(_ error: CommandError) {
        for message in error.messages { write("sotto: error: \(message)\n", to: 2) }
        if let hint = error.hint { write("sotto: hint: \(hint)\n", to: 2) }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            // Whoever read this is gone; there is nobody left to tell.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}

/// Rows of text in columns.
enum Table {
    /// Columns two spaces apart, no trailing spaces.
    static func plain(_ rows: [[String]]) -> String {
        let columnCount = rows.map(\.count).max() ?? 0
        let widths = (0..<columnCount).map { column in
            rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column < row.count - 1 {
                    line += String(repeating: " ", count: widths[column] - cell.count + 2)
                }
            }
            return line
        }.joined(separator: "\n")
    }

    /// The same under a heading in capitals.
    static func titled(_ titles: [String], _ rows: [[String]]) -> String {
        plain([titles.map { $0.uppercased() }] + rows)
    }
}
