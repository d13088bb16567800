import Testing
import Wire

/// The two tests that every decoder passes: no prefix of a value is a value, and a changed byte is refused or makes
/// another value with exactly those bytes.
func expectStrict<Object: WireObject>(_ type: Object.Type, _ bytes: [UInt8]) throws {
    let object = try Object(decoding: bytes)
    #expect(object.encoded == bytes)
    for length in 0..<bytes.count {
        #expect(throws: WireError.self, "prefix of \(length) bytes") { try Object(decoding: Array(bytes[..<length])) }
    }
    #expect(throws: WireError.self, "a byte more") { try Object(decoding: bytes + [0]) }
    for index in bytes.indices {
        for flip: UInt8 in [0x01, 0x80, 0xff] {
            var changed = bytes
            changed[index] ^= flip
            guard let other = try? Object(decoding: changed) else { continue }
            #expect(other.encoded == changed, "byte \(index) changed by \(flip)")
        }
    }
}
