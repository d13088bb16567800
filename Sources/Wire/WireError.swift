/// Why bytes were refused. The position, where there is one, is the offset in the input.
package enum WireError: Error, Equatable, Sendable {
    /// The input ended inside a value.
    case truncated(at: Int)
    /// Bytes follow the value.
    case trailingBytes(at: Int)
    /// Another kind of value was expected here.
    case unexpectedType(at: Int)
    /// The value has a shorter or another encoding: one value, one encoding.
    case notCanonical(at: Int)
    /// A map key is missing, unknown, repeated or out of order.
    case unexpectedKey(at: Int)
    /// A length, count or number is above its limit.
    case limitExceeded(at: Int, limit: UInt64)
    /// Nested deeper than `CBORReader.depthMax`.
    case tooDeep(at: Int)
    /// Text that is not UTF-8.
    case notText(at: Int)
    /// A value that the field does not allow: a bad length, an unknown version, suite or enum case.
    case badValue(field: String)
}
