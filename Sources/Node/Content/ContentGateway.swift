package import HTTP
import Wire

/// The trustless gateway of IPFS, as far as single blocks go: `GET /ipfs/{cid}?format=raw`. Whoever fetches checks the
/// hash; what is served is ciphertext under the outer layer that stands.
///
/// Blocks are not to be cached by others: after a rotation nobody should give out the old ones.
package struct ContentGateway: Sendable {
    private static let mediaType = "application/vnd.ipld.raw"
    private let content: ContentService

    package init(_ content: ContentService) { self.content = content }

    package func answer(_ request: HTTPRequest) async -> HTTPResponse {
        guard request.method == "GET" || request.method == "HEAD" else { return .text(405, "GET or HEAD only") }
        let prefix = "/ipfs/"
        guard request.path.hasPrefix(prefix), let cid = CID(text: request.path.dropFirst(prefix.count)) else {
            return .text(400, "not a CID of this network: version 1, raw or dag-cbor, sha2-256")
        }
        let accepts = request.headers.value("Accept") ?? ""
        guard request.queryValue("format") == "raw" || request.query == nil && accepts.contains(Self.mediaType) else {
            return .text(406, "ask with format=raw")
        }
        guard let bytes = await content.find(cid) else { return .text(404, "nobody gives out this block") }
        return HTTPResponse(
            status: 200,
            headers: [
                HTTPHeader("Content-Type", Self.mediaType), HTTPHeader("X-Content-Type-Options", "nosniff"),
                HTTPHeader("Content-Disposition", "attachment; filename=\"\(cid).bin\""),
                HTTPHeader("Etag", "\"\(cid).raw\""), HTTPHeader("Cache-Control", "no-store"),
            ], body: bytes)
    }
}
