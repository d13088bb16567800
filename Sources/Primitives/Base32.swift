/// RFC 4648 base32, lower case, no padding: the text form of CIDs and member ids.
package enum Base32 {
    private static let alphabet: [UInt8] = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var output: [UInt8] = []
        var buffer: UInt32 = 0
        var bitCount = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bitCount += 8
            while bitCount >= 5 {
                bitCount -= 5
                output.append(alphabet[Int(buffer >> bitCount & 31)])
            }
            buffer &= (1 << bitCount) - 1
        }
        if bitCount > 0 { output.append(alphabet[Int(buffer << (5 - bitCount) & 31)]) }
        return String(decoding: output, as: UTF8.self)
    }

    /// Nil for a character outside the alphabet, an impossible length, or padding bits that are not zero:
    /// one value has one text.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var output: [UInt8] = []
        var buffer: UInt32 = 0
        var bitCount = 0
        for character in text.utf8 {
            let digit: UInt8
            switch character {
            case 0x61...0x7a: digit = character - 0x61
            case 0x32...0x37: digit = character - 0x32 + 26
            default: return nil
            }
            buffer = buffer << 5 | UInt32(digit)
            bitCount += 5
            if bitCount >= 8 {
                bitCount -= 8
                output.append(UInt8(truncatingIfNeeded: buffer >> bitCount))
                buffer &= (1 << bitCount) - 1
            }
        }
        return bitCount < 5 && buffer == 0 ? output : nil
    }
}
