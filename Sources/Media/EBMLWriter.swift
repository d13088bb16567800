/// Writes EBML elements: ids as they are, sizes in as few bytes as they need.
struct EBMLWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ encoded: [UInt8]) { bytes.append(contentsOf: encoded) }

    mutating func element(_ id: UInt32, _ body: [UInt8]) {
        self.id(id)
        size(body.count)
        bytes.append(contentsOf: body)
    }

    mutating func master(_ id: UInt32, _ write: (inout EBMLWriter) -> Void) {
        var inner = EBMLWriter()
        write(&inner)
        element(id, inner.bytes)
    }

    /// A master element of unknown size, in the 8-byte form, so that its size can be patched.
    mutating func openMaster(_ id: UInt32) {
        self.id(id)
        bytes += [0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
    }

    mutating func unsigned(_ id: UInt32, _ value: UInt64) {
        let byteCount = max(1, (64 - value.leadingZeroBitCount + 7) / 8)
        var body: [UInt8] = []
        body.appendBigEndian(value, byteCount: byteCount)
        element(id, body)
    }

    mutating func signed(_ id: UInt32, _ value: Int64) {
        var body: [UInt8] = []
        body.appendBigEndian(UInt64(bitPattern: value))
        while body.count > 1, body[0] == (body[1] & 0x80 == 0 ? 0x00 : 0xff) { body.removeFirst() }
        element(id, body)
    }

    mutating func float(_ id: UInt32, _ value: Double) {
        var body: [UInt8] = []
        body.appendBigEndian(value.bitPattern)
        element(id, body)
    }

    mutating func text(_ id: UInt32, _ value: String) { element(id, Array(value.utf8)) }

    /// A void element of `byteCount` bytes in all, 2 through 128.
    mutating func void(_ byteCount: Int) {
        element(EBML.void, Array(repeating: 0, count: byteCount - 2))
    }

    private mutating func id(_ id: UInt32) {
        bytes.appendBigEndian(UInt64(id), byteCount: (32 - id.leadingZeroBitCount + 7) / 8)
    }

    private mutating func size(_ value: Int) {
        let value = UInt64(value)
        var length = 1
        while length < 8, value >= 1 << UInt64(7 * length) - 1 { length += 1 }
        bytes.appendBigEndian(value | 1 << UInt64(7 * length), byteCount: length)
    }
}
