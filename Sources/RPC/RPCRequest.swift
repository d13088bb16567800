/// What a client names its request with, and finds in the answer.
package enum RPCID: Hashable, Sendable {
    case number(UInt64)
    case text(String)
    /// Only in answers to requests whose id could not be read.
    case null

    /// The longest textual id that is read, in bytes.
    package static let textByteCountMax = 64

    init?(json: JSONValue) {
        switch json {
        case .unsigned(let value): self = .number(value)
        case .string(let text) where text.utf8.count <= Self.textByteCountMax: self = .text(text)
        case .null: self = .null
        case .string, .boolean, .negative, .float, .list, .object: return nil
        }
    }

    package var json: JSONValue {
        switch self {
        case .number(let value): .unsigned(value)
        case .text(let value): .string(value)
        case .null: .null
        }
    }
}

/// A JSON-RPC 2.0 request, or a notification when it has no id.
package struct RPCRequest: Equatable, Sendable {
    /// The longest method name that is read, in bytes.
    package static let methodByteCountMax = 64

    package let id: RPCID?
    package let method: String
    /// A list or an object; nil when absent.
    package let params: JSONValue?

    package init(id: RPCID?, method: String, params: JSONValue? = nil) {
        self.id = id
        self.method = method
        self.params = params
    }

    /// Reads one request object. Members that JSON-RPC does not know are refused.
    /// - Throws: `invalidRequest` with a sentence that says what is wrong.
    package init(json: JSONValue) throws(RPCError) {
        guard let members = json.members else { throw RPCError(.invalidRequest, "A request is a JSON object.") }
        for member in members where !["jsonrpc", "id", "method", "params"].contains(member.name) {
            throw RPCError(.invalidRequest, "A request has no member \(member.name.prefix(32)).")
        }
        guard json["jsonrpc"]?.string == "2.0" else {
            throw RPCError(.invalidRequest, "Member jsonrpc must be \"2.0\".")
        }
        guard let method = json["method"]?.string, !method.isEmpty, method.utf8.count <= Self.methodByteCountMax else {
            throw RPCError(.invalidRequest, "Member method must be a short string.")
        }
        self.method = method
        if let id = json["id"] {
            guard let id = RPCID(json: id) else {
                throw RPCError(.invalidRequest, "Member id must be a string or a whole number from 0.")
            }
            self.id = id
        } else {
            id = nil
        }
        switch json["params"] {
        case nil: params = nil
        case .list(let elements): params = .list(elements)
        case .object(let members): params = .object(members)
        case .null, .boolean, .unsigned, .negative, .float, .string:
            throw RPCError(.invalidRequest, "Member params must be an array or an object.")
        }
    }

    package var json: JSONValue {
        var members: [JSONValue.Member] = [.init("jsonrpc", "2.0")]
        if let id { members.append(.init("id", id.json)) }
        members.append(.init("method", .string(method)))
        if let params { members.append(.init("params", params)) }
        return .object(members)
    }
}

/// The answer to one request.
package struct RPCResponse: Equatable, Sendable {
    package let id: RPCID
    package let outcome: Result<JSONValue, RPCError>

    package init(id: RPCID, _ outcome: Result<JSONValue, RPCError>) {
        self.id = id
        self.outcome = outcome
    }

    /// Nil unless this is a JSON-RPC 2.0 response.
    package init?(json: JSONValue) {
        guard json["jsonrpc"]?.string == "2.0", let id = json["id"].flatMap(RPCID.init(json:)) else { return nil }
        switch (json["result"], json["error"]) {
        case (let result?, nil): self.init(id: id, .success(result))
        case (nil, let error?):
            guard let error = RPCError(json: error) else { return nil }
            self.init(id: id, .failure(error))
        case (nil, nil), (_?, _?): return nil
        }
    }

    package var json: JSONValue {
        switch outcome {
        case .success(let result): ["jsonrpc": "2.0", "id": id.json, "result": result]
        case .failure(let error): ["jsonrpc": "2.0", "id": id.json, "error": error.json]
        }
    }
}

/// What one POST or one WebSocket message holds: a request, or several.
package enum RPCMessage: Equatable, Sendable {
    /// Either a request that is well formed, or the answer that a malformed one gets at once.
    package enum Item: Equatable, Sendable {
        case request(RPCRequest)
        case malformed(RPCResponse)
    }

    case single(Item)
    case batch([Item])
    /// Not JSON at all, an empty batch, or one with too many requests: one answer for the whole.
    case unreadable(RPCResponse)

    package init(parsing bytes: [UInt8], limits: JSONLimits, batchMax: Int) {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: bytes, limits: limits)
        } catch {
            self = .unreadable(RPCResponse(id: .null, .failure(Self.refusal(of: error))))
            return
        }
        guard case .list(let elements) = json else {
            self = .single(Self.item(json))
            return
        }
        guard !elements.isEmpty else {
            self = .unreadable(RPCResponse(id: .null, .failure(RPCError(.invalidRequest, "The batch is empty."))))
            return
        }
        guard elements.count <= batchMax else {
            let error = RPCError(
                .tooLarge, "A batch holds at most \(batchMax) requests.", data: ["limit": .unsigned(UInt64(batchMax))])
            self = .unreadable(RPCResponse(id: .null, .failure(error)))
            return
        }
        self = .batch(elements.map { Self.item($0) })
    }

    private static func item(_ json: JSONValue) -> Item {
        do {
            return .request(try RPCRequest(json: json))
        } catch {
            let id = json["id"].flatMap { RPCID(json: $0) } ?? .null
            return .malformed(RPCResponse(id: id, .failure(error)))
        }
    }

    private static func refusal(of error: JSONError) -> RPCError {
        switch error {
        case .tooLong(let limit), .tooManyValues(let limit):
            RPCError(.tooLarge, data: ["limit": .unsigned(UInt64(limit))])
        case .tooDeep(let position):
            RPCError(.parseError, "Nested too deep.", data: ["at": .unsigned(UInt64(position))])
        case .unexpected(let position), .trailing(let position), .badText(let position), .badNumber(let position),
            .repeatedName(let position):
            RPCError(.parseError, data: ["at": .unsigned(UInt64(position))])
        case .truncated: RPCError(.parseError, "The JSON ends in the middle.")
        }
    }
}
