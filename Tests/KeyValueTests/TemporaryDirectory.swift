import Glibc

/// A directory of one test with one store in it, gone with it.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array(("/tmp/sotto-keyvalue-" + String(repeating: "X", count: 6)).utf8CString)
        guard let made = mkdtemp(&template) else { throw Failure.notMade }
        path = String(cString: made)
    }

    enum Failure: Error { case notMade }

    /// Names of the files in a directory below.
    func files(in name: String) -> [String] {
        guard let directory = opendir("\(path)/\(name)") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }

    deinit {
        // `lost` is where LevelDB's repair puts what it replaced.
        for folder in ["store/lost", "store"] {
            for name in files(in: folder) { unlink("\(path)/\(folder)/\(name)") }
            rmdir("\(path)/\(folder)")
        }
        rmdir(path)
    }
}
