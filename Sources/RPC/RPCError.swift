/// An error that a client sees: a stable code, a sentence, and data to act on.
package struct RPCError: Error, Equatable, Sendable {
    /// Kept as a number, since a newer node may send a code that this one does not know.
    package let number: Int
    package let message: String
    package let data: JSONValue?

    package init(_ code: RPCErrorCode, _ message: String? = nil, data: JSONValue? = nil) {
        self.number = code.rawValue
        self.message = message ?? code.sentence
        self.data = data
    }

    /// The code, unless it is one that this version does not know.
    package var code: RPCErrorCode? { RPCErrorCode(rawValue: number) }

    /// A parameter that does not fit.
    package static func parameter(_ name: String, expected: String) -> RPCError {
        RPCError(
            .invalidParameters, "Parameter \(name): \(expected) expected.",
            data: ["parameter": .string(name), "expected": .string(expected)])
    }

    /// A refusal that ends by itself.
    package static func later(_ code: RPCErrorCode, retryAfter: Duration) -> RPCError {
        let (seconds, attoseconds) = retryAfter.components
        let milliseconds = UInt64(max(0, seconds)) * 1000 + UInt64(max(0, attoseconds)) / 1_000_000_000_000_000
        return RPCError(code, data: ["retryAfterMilliseconds": .unsigned(milliseconds)])
    }

    /// `{code, message, data}`; `data` always names the code in a word.
    package var json: JSONValue {
        var details = data?.members ?? []
        if let code, data?["name"] == nil { details.insert(JSONValue.Member("name", .string(code.name)), at: 0) }
        return [
            "code": number < 0 ? .negative(Int64(number)) : .unsigned(UInt64(number)), "message": .string(message),
            "data": .object(details),
        ]
    }

    /// Reads what another node answered; nil when it is not an error object.
    package init?(json: JSONValue) {
        switch json["code"] {
        case .negative(let value): number = Int(value)
        case .unsigned(let value) where value <= UInt64(Int32.max): number = Int(value)
        default: return nil
        }
        guard let message = json["message"]?.string else { return nil }
        self.message = message
        data = json["data"]
    }
}
