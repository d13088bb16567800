package import Primitives

/// One header field. Names compare without case.
package struct HTTPHeader: Equatable, Sendable {
    package let name: String
    package let value: String
    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension [HTTPHeader] {
    /// The value of the first field called `name`.
    package func value(_ name: String) -> String? { first { $0.name.lowercased() == name.lowercased() }?.value }
}

/// A request as a server's handler sees it: complete, within all limits.
package struct HTTPRequest: Equatable, Sendable {
    package let method: String
    /// Decoded, beginning with a slash.
    package let path: String
    /// What stands behind the question mark, as it was sent.
    package let query: String?
    package let headers: [HTTPHeader]
    package let body: [UInt8]
    /// The other side's IP address, for limits.
    package let address: Redacted<String>

    package init(
        method: String, path: String, query: String? = nil, headers: [HTTPHeader] = [], body: [UInt8] = [],
        address: Redacted<String> = Redacted("")
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.address = address
    }

    /// The value of `name` in the query, when it stands there plainly (no percent decoding).
    package func queryValue(_ name: String) -> String? {
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0] == name { return String(parts[1]) }
        }
        return nil
    }
}

/// An answer. A server adds the length, and serves byte ranges of a 200 by itself.
package struct HTTPResponse: Equatable, Sendable {
    package var status: Int
    package var headers: [HTTPHeader]
    package var body: [UInt8]

    package init(status: Int, headers: [HTTPHeader] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Bytes of a media type.
    package init(status: Int = 200, _ contentType: String, _ body: [UInt8]) {
        self.init(status: status, headers: [HTTPHeader("Content-Type", contentType)], body: body)
    }

    /// One line of plain text.
    package static func text(_ status: Int, _ line: String) -> HTTPResponse {
        HTTPResponse(status: status, "text/plain; charset=utf-8", Array((line + "\n").utf8))
    }

    package var contentType: String? { headers.value("Content-Type") }
}
