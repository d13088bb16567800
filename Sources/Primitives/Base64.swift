/// RFC 4648: bytes as text, six bits to a character. One text for the same bytes: a reader refuses every other.
package struct Base64: Sendable {
    /// Section 4, with padding: how keys, hashes and signatures stand in signed notes.
    package static let standard = Base64("+/", isPadded: true)
    /// Section 5, without padding: how binary envelopes travel in JSON.
    package static let url = Base64("-_", isPadded: false)

    private static let padding = UInt8(ascii: "=")
    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

    private let alphabet: [UInt8]
    /// The value of each character; 64 where it has none.
    private let digits: [UInt8]
    private let isPadded: Bool

    private init(_ last: String, isPadded: Bool) {
        alphabet = Array((Self.letters + last).utf8)
        var digits = [UInt8](repeating: 64, count: 256)
        for (digit, character) in alphabet.enumerated() { digits[Int(character)] = UInt8(digit) }
        self.digits = digits
        self.isPadded = isPadded
    }

    package func encode(_ bytes: some Sequence<UInt8>) -> String {
        var output: [UInt8] = []
        var buffer: UInt32 = 0
        var bitCount = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bitCount += 8
            while bitCount >= 6 {
                bitCount -= 6
                output.append(alphabet[Int(buffer >> UInt32(bitCount) & 63)])
            }
            buffer &= (1 << UInt32(bitCount)) - 1
        }
        if bitCount > 0 { output.append(alphabet[Int(buffer << UInt32(6 - bitCount) & 63)]) }
        while isPadded, output.count % 4 != 0 { output.append(Self.padding) }
        return String(decoding: output, as: UTF8.self)
    }

    /// Nil unless this is exactly what `encode` writes: no other character, no padding where there is none or too
    /// much of it, no impossible length, and no left-over bits that are not zero.
    package func decode(_ text: some StringProtocol) -> [UInt8]? {
        var output: [UInt8] = []
        var buffer: UInt32 = 0
        var bitCount = 0
        var paddingCount = 0
        for character in text.utf8 {
            if isPadded, character == Self.padding {
                paddingCount += 1
                continue
            }
            let digit = digits[Int(character)]
            guard digit < 64, paddingCount == 0 else { return nil }
            buffer = buffer << 6 | UInt32(digit)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                output.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bitCount)))
                buffer &= (1 << UInt32(bitCount)) - 1
            }
        }
        // Each byte that the last three lack is one character of padding.
        guard bitCount < 6, buffer == 0, paddingCount == (isPadded ? (3 - output.count % 3) % 3 : 0) else { return nil }
        return output
    }
}
