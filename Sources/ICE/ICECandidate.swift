package import Primitives

/// One candidate line of the remote side, read far enough to know that libnice can be trusted with it.
///
/// Syntax as in RFC 8839 §5.1: `candidate:foundation component transport priority address port typ type …`, with or
/// without `a=` in front. The line holds an address, so it stays redacted.
package struct ICECandidate: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case host
        case serverReflexive = "srflx"
        case peerReflexive = "prflx"
        case relayed = "relay"
    }

    /// Why a line is not used. None of them harms the session.
    package enum Rejection: Error, Sendable, Equatable {
        case malformed
        /// TCP candidates, and components other than the one that carries everything.
        case unsupported
        /// Priority 0 breaks libnice.
        case zeroPriority
        /// A name ending in `.local`, or any other name: nobody here resolves what a stranger wrote.
        case hostName
    }

    package static let byteCountMax = 512

    package let kind: Kind
    /// The line without `a=`, as it travels in signalling.
    package let line: Redacted<String>

    /// - Throws: ``Rejection``.
    package init(_ text: Redacted<String>) throws(Rejection) {
        var line = Substring(text.exposed)
        if line.hasPrefix("a=") { line = line.dropFirst(2) }
        guard line.utf8.count <= Self.byteCountMax, line.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else {
            throw .malformed
        }
        guard line.hasPrefix("candidate:") else { throw .malformed }
        let fields = line.dropFirst("candidate:".count).split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count >= 8, fields[6] == "typ", let kind = Kind(rawValue: String(fields[7])) else {
            throw .malformed
        }
        guard (1...32).contains(fields[0].utf8.count), let component = UInt32(fields[1]),
            let priority = UInt32(fields[3]), let port = UInt16(fields[5]), port != 0
        else { throw .malformed }
        guard component == 1, fields[2].lowercased() == "udp" else { throw .unsupported }
        guard priority != 0 else { throw .zeroPriority }
        guard Self.isNumeric(fields[4]) else { throw .hostName }
        self.kind = kind
        self.line = Redacted(String(line))
    }

    /// Dotted decimal, or anything with a colon and only what IPv6 addresses hold.
    private static func isNumeric(_ address: Substring) -> Bool {
        if address.contains(":") {
            return address.utf8.count <= 45 && address.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        }
        let parts = address.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { $0.utf8.count <= 3 && UInt8($0) != nil }
    }
}
