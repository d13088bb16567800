import Foundation
import Testing

/// Style that a compiler does not check. Each rule names every place that breaks it.
@Suite("The sources are tidy")
struct TidyTests {
    let tree = SourceTree.shared

    /// Lines of code that hold `word`, comments left out, as `path:line`.
    private func places(of word: String, in files: [SourceTree.File]) -> [String] {
        files.flatMap { file in
            file.lines.enumerated().compactMap { index, line in
                let code = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
                return code.contains(word) ? "\(file.path):\(index + 1)" : nil
            }
        }
    }

    private func imports(_ file: SourceTree.File) -> [String] {
        file.lines.compactMap { line in
            let words = line.split(separator: " ")
            guard let index = words.firstIndex(of: "import"), index <= 2, index + 1 < words.count,
                words[..<index].allSatisfy({
                    ["package", "internal", "private", "fileprivate", "public", "@preconcurrency"].contains($0)
                })
            else { return nil }
            return String(words[index + 1])
        }
    }

    @Test("The sources are found")
    func sourcesAreFound() { #expect(tree.sources.count > 20) }

    @Test("No file is longer than 500 lines, no line than 120 columns")
    func lengths() {
        #expect(tree.files.filter { $0.lines.count > 500 }.map(\.path) == [])
        let long = tree.files.flatMap { file in
            file.lines.enumerated().filter { $1.count > 120 }.map { "\(file.path):\($0.offset + 1)" }
        }
        #expect(long == [])
    }

    @Test(
        "Words that mean unfinished or unguarded work stand nowhere",
        arguments: ["fatal" + "Error(", "try" + "!", "@_exp" + "orted", "@test" + "able"])
    func bannedEverywhere(word: String) { #expect(places(of: word, in: tree.files) == []) }

    @Test("No mark of unfinished work stands in a comment", arguments: ["TO" + "DO", "FIX" + "ME", "X" + "XX"])
    func unfinished(word: String) {
        let found = tree.files.flatMap { file in
            file.lines.enumerated().filter { $1.contains(word) }.map { "\(file.path):\($0.offset + 1)" }
        }
        #expect(found == [])
    }

    @Test("Only programs write to the terminal")
    func printing() {
        let files = tree.sources.filter { !["sotto", "sotto-sim", "sotto-bench"].contains($0.module) }
        #expect(places(of: "print(", in: files) == [])
    }

    @Test("Only Crypto and the simulator call a value verified")
    func verified() {
        let files = tree.sources.filter { !["Crypto", "Simulation", "Primitives"].contains($0.module) }
        #expect(places(of: "unchecked" + ":", in: files) == [])
    }

    @Test("A core imports values and nothing else")
    func coreImports() {
        let bad = tree.sources.filter { SourceTree.cores.contains($0.module) }.flatMap { file in
            imports(file).filter { !SourceTree.values.contains($0) }.map { "\(file.path): \($0)" }
        }
        #expect(bad == [])
    }

    @Test("Values import the standard library, and Wire the Primitives")
    func valueImports() {
        let bad = tree.sources.filter { SourceTree.values.contains($0.module) }.flatMap { file in
            imports(file).filter { !(file.module == "Wire" && $0 == "Primitives") }.map { "\(file.path): \($0)" }
        }
        #expect(bad == [])
    }

    @Test(
        "A core reads no clock, draws no chance, holds no lock and does no I/O",
        arguments: ["Clock", ".random(", "SystemRandomNumberGenerator", "Mutex", "Task {", "await ", "shuffled()"])
    func corePurity(word: String) {
        let files = tree.sources.filter {
            SourceTree.cores.contains($0.module) || SourceTree.values.contains($0.module)
        }
        #expect(places(of: word, in: files) == [])
    }

    @Test("A C library is imported by its wrapper alone, and never leaks")
    func wrapperImports() {
        for file in tree.sources {
            let libraries = Set(["CLinux", "CGLib", "CSodium", "COpenSSL", "CLevelDB", "CSRTP", "CPKCS11"])
            let allowed = SourceTree.wrappers[file.module] ?? []
            #expect(Set(imports(file)).intersection(libraries).subtracting(allowed) == [], "\(file.path)")
            for library in libraries {
                #expect(!file.lines.contains { $0.hasPrefix("package import \(library)") }, "\(file.path)")
            }
        }
    }

    @Test("Every module says what it is for, and every core has its rules")
    func documentation() {
        for module in SourceTree.values.union(SourceTree.cores).union(SourceTree.wrappers.keys)
            .union(["Node", "Links", "MediaEndpoint", "ContentStore", "RPC", "Simulation", "Fuzzing"])
        {
            let folder = tree.root.appendingPathComponent("Sources/\(module)/\(module).docc")
            let exists = FileManager.default.fileExists(atPath: folder.appendingPathComponent("\(module).md").path)
            #expect(exists, "Sources/\(module)/\(module).docc/\(module).md")
            guard SourceTree.cores.contains(module) else { continue }
            #expect(
                FileManager.default.fileExists(atPath: folder.appendingPathComponent("Rules.md").path),
                "Sources/\(module)/\(module).docc/Rules.md")
        }
    }

    @Test("The top level holds what a stranger expects and nothing more")
    func topLevel() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: tree.root.path)
        let expected: Set = [
            "Package.swift", "Package.resolved", "Sources", "Tests", "Genesis", "Scripts", "README.md",
        ]
        #expect(names.filter { !$0.hasPrefix(".") && !expected.contains($0) } == [])
    }
}
