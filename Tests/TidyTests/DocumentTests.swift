import Foundation
import Testing

/// What documents say about the code, held against the code.
@Suite("The documents are true")
struct DocumentTests {
    let tree = SourceTree.shared

    private func text(_ path: String) throws -> String {
        try String(contentsOf: tree.root.appendingPathComponent(path), encoding: .utf8)
    }

    /// Markdown pages below a folder, as (path, text).
    private func pages(in folder: String) throws -> [(path: String, text: String)] {
        let enumerator = FileManager.default.enumerator(atPath: tree.root.appendingPathComponent(folder).path)
        var found: [(path: String, text: String)] = []
        while let path = enumerator?.nextObject() as? String {
            guard path.hasSuffix(".md") else { continue }
            found.append((folder + "/" + path, try text(folder + "/" + path)))
        }
        return found.sorted { $0.path < $1.path }
    }

    @Test("Every kind of signature stands in the table of what is signed")
    func signingKinds() throws {
        let table = try text("Sources/Ledger/Ledger.docc/Formats.md")
        let source = try text("Sources/Wire/SigningKind.swift")
        let kinds = source.matches(of: #/\n    case (\w+)(?: = "([a-z-]+)")?/#).map { String($0.2 ?? $0.1) }
        #expect(kinds.count > 20)
        let missing = kinds.filter { kind in !table.split(separator: "\n").contains { $0.hasPrefix("| `\(kind)`") } }
        #expect(missing == [])
    }

    @Test("A double-backtick link names something in its own module")
    func links() throws {
        var dead: [String] = []
        for module in Set(tree.sources.map(\.module)).sorted() {
            let sources = tree.sources.filter { $0.module == module }
                .map { (path: $0.path, text: $0.lines.joined(separator: "\n")) }
            let code = sources.map(\.text).joined(separator: "\n")
            let declared = Set(
                code.matches(
                    of: #/\b(?:struct|class|actor|enum|protocol|typealias|associatedtype|func|var|let|case)\s+(\w+)/#
                ).map { String($0.1) })
            let documents = try sources + pages(in: "Sources/\(module)")
            for document in documents {
                for link in document.text.matches(of: #/``([^`\n]+)``/#) {
                    let last = link.1.split(separator: "/").last.map { $0.prefix { $0 != "(" } } ?? ""
                    if last == module || declared.contains(String(last)) { continue }
                    dead.append("\(document.path): \(link.1)")
                }
            }
        }
        #expect(dead == [])
    }

    @Test("A link to a page leads to a page")
    func pageLinks() throws {
        for page in try pages(in: "Sources") {
            for link in page.text.matches(of: #/<doc:(\w+)>/#) {
                let folder = page.path.split(separator: "/").dropLast().joined(separator: "/")
                let target = tree.root.appendingPathComponent("\(folder)/\(link.1).md").path
                #expect(FileManager.default.fileExists(atPath: target), "\(page.path): \(link.1)")
            }
        }
    }

    @Test("Every command and flag that the README shows is there")
    func commands() throws {
        let code = tree.sources.filter { $0.module == "sotto" }.flatMap(\.lines).joined(separator: "\n")
        let names = Set(code.matches(of: #/Command\(\s*"([a-z -]+)"/#).map { String($0.1) })
        let flags = Set(code.matches(of: #/"(--[a-z-]+)"/#).map { String($0.1) })
        let shown = try text("README.md").split(separator: "\n").filter { $0.hasPrefix("sotto ") }
        #expect(shown.count > 10)
        for line in shown {
            let words = line.split(separator: " ")
            #expect(names.contains(String(words[1])) || names.contains("\(words[1]) \(words[2])"), "\(line)")
            for flag in words.filter({ $0.hasPrefix("--") }) { #expect(flags.contains(String(flag)), "\(line)") }
        }
    }

    @Test("What the architecture says of files and modules is there")
    func architecture() throws {
        let page = try text("Sources/ARCHITECTURE.md")
        #expect(page.split(separator: "\n", omittingEmptySubsequences: false).count < 400)
        for path in page.matches(of: #/`((?:Sources|Tests|Genesis|Scripts)\/[\w\/.]+)`/#).map({ String($0.1) }) {
            #expect(FileManager.default.fileExists(atPath: tree.root.appendingPathComponent(path).path), "\(path)")
        }
        for module in Set(tree.sources.map(\.module)) {
            #expect(page.contains("`\(module)`"), "\(module)")
        }
    }

    @Test("Every rule of a core has a number of its own and a test that quotes it")
    func clauses() throws {
        for module in SourceTree.cores.sorted() {
            let rules = try text("Sources/\(module)/\(module).docc/Rules.md")
            let numbers = rules.matches(of: #/\n- \*\*([A-Z]+-\d+)\*\*/#).map { String($0.1) }
            #expect(!numbers.isEmpty, "\(module)")
            #expect(Set(numbers).count == numbers.count, "\(module)")
            let series = Set(numbers.compactMap { $0.split(separator: "-").first })
            let code = quoted(in: tree.sources.filter { $0.module == module }, of: series)
            let tests = quoted(in: tree.files.filter { $0.path.hasPrefix("Tests/\(module)Tests/") }, of: series)
            #expect(Set(numbers).subtracting(tests.meant) == [], "no test of \(module) quotes these")
            #expect(code.named.union(tests.named).subtracting(numbers) == [], "\(module) has no such clauses")
        }
    }

    /// The clauses that files quote by name, and with those between the ends of `LG-4 to LG-6`.
    private func quoted(
        in files: [SourceTree.File], of series: Set<Substring>
    ) -> (named: Set<String>, meant: Set<String>) {
        var named: Set<String> = []
        var meant: Set<String> = []
        for line in files.flatMap(\.lines) where line.contains("-") {
            for match in line.matches(of: #/\b([A-Z]{1,2})-(\d+)(?: to \1-(\d+))?/#) where series.contains(match.1) {
                guard let first = Int(match.2) else { continue }
                let last = match.3.flatMap { Int($0) } ?? first
                named.formUnion(["\(match.1)-\(first)", "\(match.1)-\(last)"])
                meant.formUnion((first...max(first, last)).map { "\(match.1)-\($0)" })
            }
        }
        return (named, meant)
    }
}
