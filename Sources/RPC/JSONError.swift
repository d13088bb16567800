/// Why text is not the JSON that is read here. The position is the offset in bytes.
package enum JSONError: Error, Equatable, Sendable {
    /// The text ended inside a value.
    case truncated
    /// A byte that cannot stand here.
    case unexpected(at: Int)
    /// Bytes follow the value.
    case trailing(at: Int)
    /// Nested deeper than the limit.
    case tooDeep(at: Int)
    /// Longer than the limit, in bytes.
    case tooLong(limit: Int)
    /// More values than the limit.
    case tooManyValues(limit: Int)
    /// A string that is not UTF-8, holds a control character or a lone surrogate.
    case badText(at: Int)
    /// A number outside the range that can be kept.
    case badNumber(at: Int)
    /// An object that names one member twice: readers would disagree on its meaning.
    case repeatedName(at: Int)
}

/// How much JSON is read before it is refused.
package struct JSONLimits: Equatable, Sendable {
    /// Bytes of text. Default 1 MiB, the longest request.
    package var byteCountMax = 1 << 20
    /// Lists and objects inside each other. Default 32: no method needs more than six.
    package var depthMax = 32
    /// Values in all. Default 65,536: what bounds the memory that one request may take.
    package var valueCountMax = 1 << 16

    package init() {}
}
