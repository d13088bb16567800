internal import Crypto
internal import EventLoop
package import HTTP
package import Primitives

/// Why a call brought no result.
package enum RPCClientError: Error, Equatable, Sendable {
    /// The node could not be reached, or the connection broke.
    case unreachable(HTTPError)
    /// The node answered, but not in JSON-RPC; the HTTP status.
    case notRPC(status: Int)
    /// The node refused, and says why.
    case refused(RPCError)
}

/// Calls methods of a node by HTTP POST.
package struct RPCClient: Sendable {
    private let http: HTTPClient
    /// The node's `/rpc` URL.
    private let url: String

    package init(http: HTTPClient, url: String) {
        self.http = http
        self.url = url
    }

    /// Calls a method that anyone may call.
    package func call(_ method: String, _ params: JSONValue? = nil) async throws(RPCClientError) -> JSONValue {
        try await send(RPCRequest(id: .number(1), method: method, params: params))
    }

    /// Calls a method for the member whose key this is.
    package func call(
        _ method: String, _ params: JSONValue = .object([]), for signer: RequestSigner
    ) async throws(RPCClientError) -> JSONValue {
        try await send(signer.envelope(method, params).carrier(id: .number(1)))
    }

    /// Sends one request as it stands.
    package func send(_ request: RPCRequest) async throws(RPCClientError) -> JSONValue {
        let response: HTTPResponse
        do {
            response = try await http.send(
                "POST", url, headers: [HTTPHeader("Content-Type", "application/json")], body: request.json.utf8)
        } catch {
            throw .unreachable(error)
        }
        var limits = JSONLimits()
        limits.byteCountMax = max(limits.byteCountMax, response.body.count)
        limits.valueCountMax = 1 << 20
        guard let json = try? JSONValue(parsing: response.body, limits: limits),
            let answer = RPCResponse(json: json)
        else { throw .notRPC(status: response.status) }
        switch answer.outcome {
        case .success(let result): return result
        case .failure(let error): throw .refused(error)
        }
    }
}

/// Who signs requests, and for which node of which network.
package struct RequestSigner: Sendable {
    private let member: MemberID
    private let key: any Signing
    private let node: MemberID
    private let chain: ChainID

    package init(member: MemberID, key: any Signing, node: MemberID, chain: ChainID) {
        self.member = member
        self.key = key
        self.node = node
        self.chain = chain
    }

    /// A fresh envelope: now, with a nonce of its own.
    package func envelope(_ method: String, _ params: JSONValue) -> RequestEnvelope {
        let request = SignedRequest(
            from: member, audience: node, time: SystemTime.utc,
            nonce: SecureRandom.bytes(count: SignedRequest.nonceByteCount), method: method, params: params.node)
        return RequestEnvelope(request, key: key.publicKey, chain: chain) { key.signature(over: $0) }
    }
}
