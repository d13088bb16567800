import RPC
import Testing

struct RPCMessageTests {
    private func code(_ text: String, batchMax: Int = 3) -> RPCErrorCode? {
        switch RPCMessage(parsing: Array(text.utf8), limits: JSONLimits(), batchMax: batchMax) {
        case .unreadable(let response), .single(.malformed(let response)):
            if case .failure(let error) = response.outcome { return error.code }
            return nil
        case .single(.request), .batch: return nil
        }
    }

    @Test(
        "what is no request is answered with the code of JSON-RPC",
        arguments: [
            ("{", RPCErrorCode.parseError), ("", .parseError), ("{\"a\":1,\"a\":1}", .parseError),
            ("[]", .invalidRequest), ("1", .invalidRequest), ("{}", .invalidRequest),
            ("{\"jsonrpc\":\"2.0\"}", .invalidRequest), ("{\"method\":\"a.b\",\"id\":1}", .invalidRequest),
            ("{\"jsonrpc\":\"1.0\",\"method\":\"a.b\",\"id\":1}", .invalidRequest),
            ("{\"jsonrpc\":\"2.0\",\"method\":1,\"id\":1}", .invalidRequest),
            ("{\"jsonrpc\":\"2.0\",\"method\":\"\",\"id\":1}", .invalidRequest),
            ("{\"jsonrpc\":\"2.0\",\"method\":\"a.b\",\"id\":[]}", .invalidRequest),
            ("{\"jsonrpc\":\"2.0\",\"method\":\"a.b\",\"id\":-1}", .invalidRequest),
            ("{\"jsonrpc\":\"2.0\",\"method\":\"a.b\",\"id\":1,\"params\":7}", .invalidRequest),
            ("{\"jsonrpc\":\"2.0\",\"method\":\"a.b\",\"id\":1,\"params\":null}", .invalidRequest),
            ("{\"jsonrpc\":\"2.0\",\"method\":\"a.b\",\"id\":1,\"extra\":1}", .invalidRequest),
            ("[1,2,3,4]", .tooLarge),
        ])
    func malformed(text: String, expected: RPCErrorCode) {
        #expect(code(text) == expected)
    }

    @Test("a batch is read request by request, and a bad one spoils only itself")
    func batch() throws {
        let text = "[{\"jsonrpc\":\"2.0\",\"method\":\"a.b\"},7,{\"jsonrpc\":\"2.0\",\"method\":\"c.d\",\"id\":\"x\"}]"
        guard case .batch(let items) = RPCMessage(parsing: Array(text.utf8), limits: JSONLimits(), batchMax: 3) else {
            Issue.record("no batch")
            return
        }
        #expect(items.count == 3)
        #expect(items[0] == .request(RPCRequest(id: nil, method: "a.b")))
        #expect(items[2] == .request(RPCRequest(id: .text("x"), method: "c.d")))
        guard case .malformed(let response) = items[1] else {
            Issue.record("7 is no request")
            return
        }
        #expect(response.id == .null)
    }

    @Test("requests and responses are read back as they were written")
    func roundTrip() throws {
        let request = RPCRequest(id: .number(7), method: "a.b", params: ["x": 1])
        #expect(try RPCRequest(json: request.json) == request)
        for outcome: Result<JSONValue, RPCError> in [.success([1]), .failure(RPCError(number: -32099, "odd"))] {
            let response = RPCResponse(id: .text("q"), outcome)
            #expect(RPCResponse(json: response.json) == response)
        }
        #expect(RPCResponse(json: ["jsonrpc": "2.0", "id": 1]) == nil)
        #expect(
            RPCResponse(json: ["jsonrpc": "2.0", "id": 1, "result": 1, "error": ["code": -1, "message": ""]]) == nil)
    }

    @Test("error codes and their words are distinct, and lie where JSON-RPC allows them")
    func codes() {
        #expect(Set(RPCErrorCode.allCases.map(\.rawValue)).count == RPCErrorCode.allCases.count)
        #expect(Set(RPCErrorCode.allCases.map(\.name)).count == RPCErrorCode.allCases.count)
        for code in RPCErrorCode.allCases {
            #expect((-32099 ... -32000).contains(code.rawValue) || (-32700 ... -32600).contains(code.rawValue))
            #expect(code.sentence.hasSuffix("."))
        }
    }
}

extension RPCError {
    /// An error of a code that this version does not know.
    fileprivate init(number: Int, _ message: String) {
        let json: JSONValue = ["code": .negative(Int64(number)), "message": .string(message), "data": .object([])]
        guard let error = RPCError(json: json) else { preconditionFailure("no error object") }
        self = error
    }
}
