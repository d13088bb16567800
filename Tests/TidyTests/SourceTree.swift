import Foundation

/// The repository's own files, found from where this file was compiled.
struct SourceTree {
    struct File {
        /// Path from the root, as `Sources/Wire/CID.swift`.
        let path: String
        let lines: [Substring]
        var module: String { String(path.split(separator: "/")[1]) }
    }

    let root: URL
    let files: [File]

    static let shared = SourceTree()

    private init() {
        root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var found: [File] = []
        for top in ["Sources", "Tests"] {
            let folder = root.appendingPathComponent(top)
            let paths = FileManager.default.enumerator(atPath: folder.path)
            while let path = paths?.nextObject() as? String {
                guard path.hasSuffix(".swift"),
                    let text = try? String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
                else { continue }
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                found.append(File(path: top + "/" + path, lines: lines.last == "" ? lines.dropLast() : lines))
            }
        }
        files = found.sorted { $0.path < $1.path }
    }

    var sources: [File] { files.filter { $0.path.hasPrefix("Sources/") } }

    static let values: Set<String> = ["Primitives", "Wire"]
    static let cores: Set<String> = ["Ledger", "Consensus", "Kademlia", "Signalling", "Rights", "Recording", "Media"]
    static let wrappers: [String: Set<String>] = [
        "EventLoop": ["CLinux", "CGLib"], "Crypto": ["CSodium", "COpenSSL"], "TLS": ["COpenSSL"],
        "KeyValue": ["CLevelDB", "CLinux"], "ICE": ["CGLib"], "SecureMedia": ["COpenSSL", "CSRTP"], "HTTP": ["CGLib"],
        "PKCS11": ["CPKCS11"],
    ]
}
