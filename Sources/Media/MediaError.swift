/// Why media bytes were refused.
package enum MediaError: Error, Equatable, Sendable {
    /// The input ended inside a field.
    case truncated
    /// Bytes are left over, or a length does not fit what it spans.
    case badLength
    /// A protocol or document version that is not spoken here.
    case badVersion
    /// A field holds a value that its format forbids.
    case badValue
    /// A size, count or number is above the limit named in the code.
    case limitExceeded(limit: UInt64)
    /// Well formed, and of a kind that is not read: encryption or compression inside a container, an unknown type.
    case unsupported
    /// An element stands where its format does not allow it.
    case unexpectedElement(id: UInt32)
}
