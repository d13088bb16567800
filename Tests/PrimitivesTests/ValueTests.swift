import Primitives
import Testing

@Suite("Values of fixed width")
struct ValueTests {
    @Test("Thirty-two bytes come back as they went in, and order as bytes do")
    func bytes32() throws {
        let low = try #require(Bytes32(Array(0..<32)))
        #expect(low.bytes == Array(0..<32))
        #expect(Bytes32(hex: low.hex) == low)
        var changed = low.bytes
        changed[31] = 0x20
        #expect(try #require(Bytes32(changed)) > low)
        #expect(Bytes32([UInt8](repeating: 0, count: 31)) == nil)
        #expect(Bytes32([UInt8](repeating: 0, count: 33)) == nil)
    }

    @Test("Bits count from the top, and leading zeros too")
    func bits() throws {
        for index in [0, 1, 63, 64, 127, 128, 200, 255] {
            var bytes = [UInt8](repeating: 0, count: 32)
            bytes[index / 8] = 0x80 >> UInt8(index % 8)
            let value = try #require(Bytes32(bytes))
            #expect(value.bit(index))
            #expect(value.leadingZeroBitCount == index)
        }
        #expect(Bytes32.zero.leadingZeroBitCount == 256)
    }

    @Test(
        "Base32 as RFC 4648 writes it, lower case, unpadded",
        arguments: [
            ("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foob", "mzxw6yq"), ("fooba", "mzxw6ytb"),
            ("foobar", "mzxw6ytboi"),
        ])
    func base32(plain: String, text: String) {
        #expect(Base32.encode(plain.utf8) == text)
        #expect(Base32.decode(text) == Array(plain.utf8))
    }

    @Test("Base32 has one text for one value", arguments: ["m", "mz", "MY", "my======", "m1", "mzx"])
    func base32Refused(text: String) { #expect(Base32.decode(text) == nil) }

    @Test("Hexadecimal text is even and of its alphabet", arguments: ["0", "0g", "0x00", " 00"])
    func hexRefused(text: String) { #expect(Hex.decode(text) == nil) }

    @Test(
        "A quorum is more than two thirds for every n",
        arguments: [
            (1, 1, 0), (2, 2, 0), (3, 3, 0), (4, 3, 1), (5, 4, 1), (6, 5, 1), (7, 5, 2), (10, 7, 3), (13, 9, 4),
        ])
    func quorum(count: Int, quorum: Int, faults: Int) {
        #expect(Quorum.size(of: count) == quorum)
        #expect(Quorum.faultsBorne(by: count) == faults)
    }

    @Test("Counters stay at their ends")
    func counters() {
        #expect(Height(.max).next == Height(.max))
        #expect(Height.zero.previous == nil)
        #expect(Timestamp(.max).adding(milliseconds: 1) == Timestamp(.max))
        #expect(Timestamp(5).milliseconds(since: Timestamp(9)) == 0)
    }

    @Test("What is redacted does not print")
    func redacted() {
        let address = Redacted("192.0.2.1")
        #expect("\(address)" == "(redacted)")
        #expect(String(reflecting: address) == "(redacted)")
        var dumped = ""
        dump(address, to: &dumped)
        #expect(!dumped.contains("192"))
    }
}
