import Foundation
import Testing

/// A command script: what is typed, and all that comes back.
///
///     -- sotto.conf --
///     key = value
///     $ sotto settings check
///     ok
///     $ sotto rpc cal
///     2> sotto: error: rpc has no verb cal
///     ? 2
///
/// A block that begins with `-- name --` is written to a file of the script's own directory, which is also the data
/// directory. Lines behind a command are its standard output, with `2> ` its standard error, `? n` its exit code
/// when it is not 0. `NAME=value` before the program sets a variable.
struct Script {
    private struct Step {
        var words: [String]
        var files: [(name: String, content: String)] = []
        var output: [String] = []
        var errors: [String] = []
        var code: Int32 = 0
    }

    private let text: String
    private let directory: URL

    init(_ text: String) throws {
        self.text = text
        directory = FileManager.default.temporaryDirectory.appending(path: "sotto-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    /// Runs all commands and compares.
    func run() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        for step in steps() {
            for file in step.files {
                try file.content.write(to: directory.appending(path: file.name), atomically: true, encoding: .utf8)
            }
            let (output, errors, code) = try await execute(step.words)
            let line = step.words.joined(separator: " ")
            #expect(output == step.output, "output of \(line)")
            #expect(errors == step.errors, "errors of \(line)")
            #expect(code == step.code, "exit code of \(line)")
        }
    }

    private func steps() -> [Step] {
        var steps: [Step] = []
        var files: [(name: String, content: String)] = []
        var isInFile = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("-- "), line.hasSuffix(" --") {
                isInFile = true
                files.append((String(line.dropFirst(3).dropLast(3)), ""))
            } else if line.hasPrefix("$ ") {
                isInFile = false
                steps.append(Step(words: Self.words(line.dropFirst(2)), files: files))
                files = []
            } else if isInFile {
                files[files.count - 1].content += line + "\n"
            } else if let last = steps.indices.last {
                if line.hasPrefix("2> ") {
                    steps[last].errors.append(String(line.dropFirst(3)))
                } else if line.hasPrefix("? ") {
                    steps[last].code = Int32(line.dropFirst(2)) ?? -1
                } else {
                    steps[last].output.append(line)
                }
            }
        }
        return steps
    }

    /// Splits at spaces; single quotes keep words together.
    private static func words(_ line: Substring) -> [String] {
        var words = [""]
        var isQuoted = false
        for character in line {
            switch character {
            case "'": isQuoted.toggle()
            case " " where !isQuoted: words.append("")
            default: words[words.count - 1].append(character)
            }
        }
        return words
    }

    private func execute(_ words: [String]) async throws -> (output: [String], errors: [String], code: Int32) {
        let process = Process()
        process.executableURL = Program.url
        process.currentDirectoryURL = directory
        var environment = ["HOME": directory.path, "SOTTO_HOME": directory.path]
        let variables = words.prefix { $0 != "sotto" }
        for variable in variables {
            let parts = variable.split(separator: "=", maxSplits: 1).map(String.init)
            environment[parts[0]] = parts.count == 2 ? parts[1] : ""
        }
        process.environment = environment
        process.arguments = Array(words.dropFirst(variables.count + 1))
        let names = ["out", "err"].map { directory.appending(path: ".\($0)") }
        for name in names { _ = FileManager.default.createFile(atPath: name.path, contents: nil) }
        process.standardOutput = try FileHandle(forWritingTo: names[0])
        process.standardError = try FileHandle(forWritingTo: names[1])
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        return (try Self.lines(names[0]), try Self.lines(names[1]), process.terminationStatus)
    }

    private static func lines(_ file: URL) throws -> [String] {
        var text = try String(contentsOf: file, encoding: .utf8)
        if text.hasSuffix("\n") { text.removeLast() }
        return text.isEmpty ? [] : text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}
