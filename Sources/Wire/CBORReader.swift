package import Primitives

/// Reads strict dag-cbor, value by value, in the order its writer wrote them. Every length is held against what is
/// left of the input, and against the caller's limit, before anything is allocated.
///
/// A decoder of an object asks for each key by name in canonical order; whatever else stands there is refused, so a
/// value that decodes has exactly one encoding.
package struct CBORReader: Sendable {
    /// Containers may nest this deep.
    package static let depthMax = 16

    private let input: [UInt8]
    package private(set) var offset: Int
    private let end: Int
    private var depth = 0

    package init(_ input: [UInt8]) {
        self.input = input
        offset = 0
        end = input.count
    }

    package var isAtEnd: Bool { offset == end }

    /// - Throws: `WireError.trailingBytes` unless the whole input was read.
    package func finish() throws(WireError) {
        guard isAtEnd else { throw .trailingBytes(at: offset) }
    }

    // MARK: Numbers

    /// A non-negative integer of at most `limit` (2^63 − 1, where nothing tighter is given).
    package mutating func unsigned(max limit: UInt64 = UInt64(Int64.max)) throws(WireError) -> UInt64 {
        let start = offset
        let value = try head(major: 0)
        guard value <= limit else { throw .limitExceeded(at: start, limit: limit) }
        return value
    }

    package mutating func counter<Value: Counter>(
        _ type: Value.Type = Value.self, max limit: UInt64 = UInt64(Int64.max)
    ) throws(WireError) -> Value {
        Value(try unsigned(max: limit))
    }

    /// An integer that fits 64 bits with sign.
    package mutating func integer() throws(WireError) -> Int64 {
        let start = offset
        let (major, value) = try anyHead()
        guard major <= 1 else { throw .unexpectedType(at: start) }
        guard value <= UInt64(Int64.max) else { throw .limitExceeded(at: start, limit: UInt64(Int64.max)) }
        return major == 0 ? Int64(value) : -1 - Int64(value)
    }

    /// A negative integer; gives n for −1 − n.
    mutating func negative() throws(WireError) -> UInt64 { try head(major: 1) }

    // MARK: Strings

    package mutating func byteString(max limit: Int) throws(WireError) -> [UInt8] {
        Array(input[try stringRange(major: 2, max: limit)])
    }

    /// A byte string of exactly `count` bytes.
    package mutating func byteString(count: Int) throws(WireError) -> [UInt8] {
        let start = offset
        let value = try byteString(max: count)
        guard value.count == count else { throw .unexpectedType(at: start) }
        return value
    }

    package mutating func identifier<Value: Identifier>(_ type: Value.Type = Value.self) throws(WireError) -> Value {
        let start = offset
        let range = try stringRange(major: 2, max: 32)
        guard let value = Value(input.span.extracting(range)) else { throw .unexpectedType(at: start) }
        return value
    }

    package mutating func signature() throws(WireError) -> Signature {
        let start = offset
        guard let value = Signature(try byteString(count: Signature.byteCount)) else {
            throw .unexpectedType(at: start)
        }
        return value
    }

    /// UTF-8 text of at most `limit` bytes.
    package mutating func text(max limit: Int) throws(WireError) -> String {
        let start = offset
        let range = try stringRange(major: 3, max: limit)
        guard let value = String(validating: input[range], as: UTF8.self) else { throw .notText(at: start) }
        return value
    }

    // MARK: Simple values and links

    package mutating func boolean() throws(WireError) -> Bool {
        switch try byte() {
        case 0xf4: return false
        case 0xf5: return true
        default: throw .unexpectedType(at: offset - 1)
        }
    }

    package mutating func null() throws(WireError) {
        guard try byte() == 0xf6 else { throw .unexpectedType(at: offset - 1) }
    }

    /// True, and read, when a null stands here.
    package mutating func nullIfPresent() -> Bool {
        guard offset < end, input[offset] == 0xf6 else { return false }
        offset += 1
        return true
    }

    /// A 64-bit float; infinities and NaN are refused, as IPLD says.
    package mutating func float() throws(WireError) -> Double {
        let start = offset
        guard try byte() == 0xfb else { throw .unexpectedType(at: start) }
        let value = Double(bitPattern: try bigEndian(byteCount: 8))
        guard value.isFinite else { throw .notCanonical(at: start) }
        return value
    }

    /// A link to a CID of the only kinds Sotto makes: version 1, dag-cbor or raw, SHA-256.
    package mutating func link() throws(WireError) -> CID {
        let start = offset
        guard let cid = CID(bytes: try linkBytes()) else { throw .notCanonical(at: start) }
        return cid
    }

    /// The binary CID of a link of any kind.
    mutating func linkBytes() throws(WireError) -> [UInt8] {
        let start = offset
        guard try head(major: 6) == 42 else { throw .unexpectedType(at: start) }
        let content = try byteString(max: CID.binaryByteCountMax + 1)
        guard content.count > 1, content[0] == 0 else { throw .notCanonical(at: start) }
        return Array(content[1...])
    }

    // MARK: Containers

    /// Enters an array of at most `limit` elements; give each `arrayHeader` its `leave()`.
    package mutating func arrayHeader(max limit: Int) throws(WireError) -> Int {
        try containerHeader(major: 4, max: limit, bytesPerEntry: 1)
    }

    /// Enters a map of at most `limit` entries.
    package mutating func mapHeader(max limit: Int) throws(WireError) -> Int {
        try containerHeader(major: 5, max: limit, bytesPerEntry: 2)
    }

    /// Enters a map of exactly `count` entries.
    package mutating func mapHeader(count: Int) throws(WireError) {
        let start = offset
        guard try mapHeader(max: count) == count else { throw .unexpectedKey(at: start) }
    }

    /// Leaves the container entered last.
    package mutating func leave() { depth -= 1 }

    package mutating func array<Element>(
        max limit: Int, _ read: (inout CBORReader) throws(WireError) -> Element
    ) throws(WireError) -> [Element] {
        let count = try arrayHeader(max: limit)
        var elements: [Element] = []
        for _ in 0..<count { elements.append(try read(&self)) }
        leave()
        return elements
    }

    /// Reads the key that must stand here.
    package mutating func key(_ expected: String) throws(WireError) {
        let start = offset
        guard try keyIfPresent(expected) else { throw .unexpectedKey(at: start) }
    }

    /// True, and read, when this key stands here: for fields that may be absent.
    package mutating func keyIfPresent(_ expected: String) throws(WireError) -> Bool {
        let start = offset
        guard offset < end else { return false }
        let (major, length) = try anyHead()
        guard major == 3, length == UInt64(expected.utf8.count), end - offset >= expected.utf8.count,
            stands(expected)
        else {
            offset = start
            return false
        }
        offset += expected.utf8.count
        return true
    }

    /// Whether exactly these bytes come next; as many are left.
    private func stands(_ expected: String) -> Bool {
        var position = offset
        for byte in expected.utf8 {
            guard input[position] == byte else { return false }
            position += 1
        }
        return true
    }

    /// The first byte of the next value, not read.
    func peek() throws(WireError) -> UInt8 {
        guard offset < end else { throw .truncated(at: offset) }
        return input[offset]
    }

    // MARK: Heads

    private mutating func containerHeader(major: UInt8, max limit: Int, bytesPerEntry: Int) throws(WireError) -> Int {
        let start = offset
        let count = try head(major: major)
        guard count <= UInt64(limit) else { throw .limitExceeded(at: start, limit: UInt64(limit)) }
        guard Int(count) <= (end - offset) / bytesPerEntry else { throw .truncated(at: end) }
        guard depth < Self.depthMax else { throw .tooDeep(at: start) }
        depth += 1
        return Int(count)
    }

    private mutating func stringRange(major: UInt8, max limit: Int) throws(WireError) -> Range<Int> {
        let start = offset
        let length = try head(major: major)
        guard length <= UInt64(limit) else { throw .limitExceeded(at: start, limit: UInt64(limit)) }
        guard Int(length) <= end - offset else { throw .truncated(at: end) }
        let range = offset..<offset + Int(length)
        offset = range.upperBound
        return range
    }

    private mutating func head(major expected: UInt8) throws(WireError) -> UInt64 {
        let start = offset
        let (major, value) = try anyHead()
        guard major == expected else {
            offset = start
            throw .unexpectedType(at: start)
        }
        return value
    }

    private mutating func anyHead() throws(WireError) -> (major: UInt8, value: UInt64) {
        let start = offset
        let first = try byte()
        let value: UInt64
        switch first & 0x1f {
        case let small where small < 24: return (first >> 5, UInt64(small))
        case 24:
            value = try bigEndian(byteCount: 1)
            guard value >= 24 else { throw .notCanonical(at: start) }
        case 25:
            value = try bigEndian(byteCount: 2)
            guard value >= 0x100 else { throw .notCanonical(at: start) }
        case 26:
            value = try bigEndian(byteCount: 4)
            guard value >= 0x1_0000 else { throw .notCanonical(at: start) }
        case 27:
            value = try bigEndian(byteCount: 8)
            guard value >= 0x1_0000_0000 else { throw .notCanonical(at: start) }
        default: throw .notCanonical(at: start)
        }
        guard first >> 5 != 7 else { throw .unexpectedType(at: start) }
        return (first >> 5, value)
    }

    private mutating func byte() throws(WireError) -> UInt8 {
        guard offset < end else { throw .truncated(at: offset) }
        defer { offset += 1 }
        return input[offset]
    }

    private mutating func bigEndian(byteCount: Int) throws(WireError) -> UInt64 {
        guard end - offset >= byteCount else { throw .truncated(at: end) }
        var value: UInt64 = 0
        for index in offset..<offset + byteCount { value = value << 8 | UInt64(input[index]) }
        offset += byteCount
        return value
    }
}
