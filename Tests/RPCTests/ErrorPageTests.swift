import FoundationEssentials
import RPC
import Testing

struct ErrorPageTests {
    @Test("the page of error codes says what the code says")
    func page() throws {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(
            contentsOf: package.appending(path: "Sources/RPC/RPC.docc/Errors.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| -32") }
        #expect(rows.count == RPCErrorCode.allCases.count)
        for code in RPCErrorCode.allCases {
            let data = code.dataMembers.map { "`\($0.name)`: \($0.meaning)" }.joined(separator: ", ")
            let later = code.isTemporary ? "yes" : "no"
            let row = "| \(code.rawValue) | `\(code.name)` | \(later) | \(code.sentence) | \(data) |"
            #expect(rows.contains { $0 == row }, "\(row)")
        }
    }
}
