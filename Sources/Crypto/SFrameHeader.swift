/// The header of an SFrame ciphertext (RFC 9605 section 4.3): key id and counter, each as short as it can be.
///
/// First byte: bit 7 says whether the key id follows, bits 6–4 are the key id (0 to 7) or its length less one, bit 3
/// and bits 2–0 say the same of the counter. Then the key id and the counter, big-endian. A longer form than needed is
/// refused, so that one header has one encoding.
package struct SFrameHeader: Equatable, Sendable {
    /// The longest header in bytes.
    package static let byteCountMax = 17
    package let keyID: UInt64
    package let counter: UInt64

    package init(keyID: UInt64, counter: UInt64) {
        self.keyID = keyID
        self.counter = counter
    }

    /// Reads the header at the start of `bytes`; what follows it is left alone.
    /// - Throws: `CryptoError.malformed` for a header cut short or longer than needed.
    package init(startOf bytes: Span<UInt8>) throws(CryptoError) {
        guard bytes.count > 0 else { throw .malformed }
        var offset = 1
        keyID = try Self.read(bytes[0] >> 4, bytes, &offset)
        counter = try Self.read(bytes[0] & 0x0f, bytes, &offset)
    }

    /// Reads the header at the start of `bytes`; what follows it is left alone.
    /// - Throws: `CryptoError.malformed` for a header cut short or longer than needed.
    package init(startOf bytes: [UInt8]) throws(CryptoError) { try self.init(startOf: bytes.span) }

    /// How long the encoding is.
    package var byteCount: Int { 1 + Self.extraByteCount(keyID) + Self.extraByteCount(counter) }

    package var encoded: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(Self.byteCountMax)
        output.append(Self.field(keyID) << 4 | Self.field(counter))
        for value in [keyID, counter] {
            for index in (0..<Self.extraByteCount(value)).reversed() {
                output.append(UInt8(truncatingIfNeeded: value >> UInt64(index * 8)))
            }
        }
        return output
    }

    private static func extraByteCount(_ value: UInt64) -> Int {
        value < 8 ? 0 : (UInt64.bitWidth - value.leadingZeroBitCount + 7) / 8
    }

    private static func field(_ value: UInt64) -> UInt8 {
        value < 8 ? UInt8(value) : 0x08 | UInt8(extraByteCount(value) - 1)
    }

    private static func read(_ field: UInt8, _ bytes: Span<UInt8>, _ offset: inout Int) throws(CryptoError) -> UInt64 {
        guard field & 0x08 != 0 else { return UInt64(field) }
        let count = Int(field & 0x07) + 1
        guard bytes.count - offset >= count else { throw .malformed }
        var value: UInt64 = 0
        for index in offset..<offset + count { value = value << 8 | UInt64(bytes[index]) }
        guard extraByteCount(value) == count else { throw .malformed }
        offset += count
        return value
    }
}
