/// A phone number in its one spelling, as ITU-T E.164 numbers are written internationally: `+` and 7 through 15 digits.
///
/// Location and sealing key are computed from the spelling, so two spellings would be two numbers: it is settled here,
/// once. Shows itself to nobody: a description says that it is redacted.
package struct PhoneNumber: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    package static let digitCountRange = 7...15
    /// The longest text that is looked at, in bytes.
    package static let textByteCountMax = 64

    /// For use, never for printing.
    package let exposed: String

    /// Takes what a person types: `+` or `00`, then digits, with spaces, hyphens, dots, slashes and parentheses between
    /// them. Nil for a number without a country code, for other characters, and for too few or too many digits.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count <= Self.textByteCountMax else { return nil }
        var digits: [UInt8] = []
        var hasPlus = false
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39: digits.append(byte)
            case 0x2b where digits.isEmpty && !hasPlus: hasPlus = true
            case 0x20, 0x2d, 0x2e, 0x2f, 0x28, 0x29: continue
            default: return nil
            }
        }
        if !hasPlus {
            guard digits.starts(with: [0x30, 0x30]) else { return nil }
            digits.removeFirst(2)
        }
        guard Self.digitCountRange.contains(digits.count), digits.first != 0x30 else { return nil }
        exposed = "+" + String(decoding: digits, as: UTF8.self)
    }

    package var description: String { "(redacted)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
