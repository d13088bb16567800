/// Reads big-endian fields from a slice of bytes; never past its end.
struct ByteCursor {
    private let input: [UInt8]
    private(set) var offset: Int
    let end: Int

    init(_ input: [UInt8]) { self.init(input, 0..<input.count) }

    /// - Parameter range: must lie within `input`.
    init(_ input: [UInt8], _ range: Range<Int>) {
        self.input = input
        offset = range.lowerBound
        end = range.upperBound
    }

    var remaining: Int { end - offset }

    mutating func byte() throws(MediaError) -> UInt8 {
        guard offset < end else { throw .truncated }
        defer { offset += 1 }
        return input[offset]
    }

    /// An unsigned big-endian number of 0 to 8 bytes.
    mutating func number(byteCount: Int) throws(MediaError) -> UInt64 {
        guard remaining >= byteCount else { throw .truncated }
        var value: UInt64 = 0
        for index in offset..<offset + byteCount { value = value << 8 | UInt64(input[index]) }
        offset += byteCount
        return value
    }

    mutating func uint16() throws(MediaError) -> UInt16 { UInt16(try number(byteCount: 2)) }
    mutating func uint32() throws(MediaError) -> UInt32 { UInt32(try number(byteCount: 4)) }

    mutating func range(_ count: Int) throws(MediaError) -> Range<Int> {
        guard count >= 0, remaining >= count else { throw .truncated }
        defer { offset += count }
        return offset..<offset + count
    }

    mutating func bytes(_ count: Int) throws(MediaError) -> [UInt8] { Array(input[try range(count)]) }

    /// Everything up to the end.
    mutating func rest() -> [UInt8] {
        defer { offset = end }
        return Array(input[offset..<end])
    }
}

extension [UInt8] {
    mutating func appendBigEndian(_ value: UInt16) { appendBigEndian(UInt64(value), byteCount: 2) }
    mutating func appendBigEndian(_ value: UInt32) { appendBigEndian(UInt64(value), byteCount: 4) }
    mutating func appendBigEndian(_ value: UInt64) { appendBigEndian(value, byteCount: 8) }

    /// The low `byteCount` bytes of `value`.
    mutating func appendBigEndian(_ value: UInt64, byteCount: Int) {
        for index in (0..<byteCount).reversed() { append(UInt8(truncatingIfNeeded: value >> UInt64(index * 8))) }
    }
}
