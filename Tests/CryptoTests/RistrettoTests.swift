import Crypto
import Primitives
import Testing

@Suite struct RistrettoTests {
    @Test("the generator's multiples are those of RFC 9496 A.1", arguments: 1...15)
    func multiples(count: Int) throws {
        let element = try GroupElement.generator(times: RistrettoScalar(UInt64(count)))
        #expect(element.hex == RistrettoVectors.multiples[count - 1])
        let generator = try #require(GroupElement(hex: RistrettoVectors.multiples[0]))
        if count > 1 {
            let before = try GroupElement.generator(times: RistrettoScalar(UInt64(count - 1)))
            #expect(try before.adding(generator) == element)
            #expect(try element.subtracting(generator) == before)
        }
        #expect(try generator.multiplied(by: RistrettoScalar(UInt64(count))) == element)
    }

    @Test("no operation takes a bad encoding (RFC 9496 A.2)", arguments: RistrettoVectors.invalid)
    func invalid(text: String) throws { try refuse(try #require(GroupElement(hex: text))) }

    @Test("no operation takes the identity, or an element whose top bit is set")
    func identityAndTopBit() throws {
        try refuse(.zero)
        for text in RistrettoVectors.multiples {
            var bytes = hex(text)
            bytes[31] |= 0x80
            try refuse(try #require(GroupElement(bytes)))
        }
        let generator = try #require(GroupElement(hex: RistrettoVectors.multiples[0]))
        #expect(throws: RistrettoError.invalidElement) { try generator.subtracting(generator) }
        #expect(throws: RistrettoError.invalidElement) { try generator.multiplied(by: .zero) }
        #expect(throws: RistrettoError.invalidElement) { try GroupElement.generator(times: .zero) }
    }

    private func refuse(_ element: GroupElement) throws {
        let generator = try #require(GroupElement(hex: RistrettoVectors.multiples[0]))
        #expect(!element.isAcceptable)
        #expect(throws: RistrettoError.invalidElement) { try element.adding(generator) }
        #expect(throws: RistrettoError.invalidElement) { try generator.subtracting(element) }
        #expect(throws: RistrettoError.invalidElement) { try element.multiplied(by: RistrettoScalar(2)) }
        #expect(throws: RistrettoError.invalidElement) {
            let secret = RistrettoSecret()
            _ = try secret.multiply(element)
        }
    }

    @Test("64 uniform bytes map as in RFC 9496 A.3", arguments: RistrettoVectors.mapped)
    func map(uniform: String, expected: String) throws {
        #expect(try GroupElement.mapped(from: hex(uniform)).hex == expected)
    }

    @Test("expand_message_xmd gives the bytes of RFC 9380 K.3", arguments: RistrettoVectors.expanded)
    func expand(message: String, count: Int, expected: String) {
        let tag = Array(RistrettoVectors.expanderTag.utf8)
        #expect(Hex.encode(RistrettoContext.expand(Array(message.utf8), to: count, under: tag)) == expected)
    }

    @Test("a domain separation tag above 255 bytes is hashed first")
    func longTag() {
        let bytes = RistrettoContext.expand(Array("abc".utf8), to: 32, under: [UInt8](repeating: 0x64, count: 300))
        #expect(Hex.encode(bytes) == "de7dcb89cdd84919c37023434c57c7b389e2eec20bad8f7254b1e7d753b2a9b9")
    }

    @Test("a scalar is below L and has one encoding")
    func scalarRange() {
        let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        var below = order
        below[0] -= 1
        #expect(RistrettoScalar(order) == nil)
        #expect(RistrettoScalar(below) != nil)
        #expect(RistrettoScalar(below).map { $0 + RistrettoScalar(1) } == .zero)
        #expect(RistrettoScalar([UInt8](repeating: 0xff, count: 32)) == nil)
        #expect(RistrettoScalar([UInt8](repeating: 0, count: 31)) == nil)
        #expect(RistrettoScalar(reducing: order + [UInt8](repeating: 0, count: 32)) == .zero)
        #expect(throws: RistrettoError.invalidScalar) { _ = try RistrettoSecret(copying: order.span) }
        #expect(throws: RistrettoError.invalidScalar) {
            let zero = RistrettoScalar.zero.bytes
            _ = try RistrettoSecret(copying: zero.span)
        }
    }

    @Test("scalars compute modulo L")
    func scalarArithmetic() throws {
        let (six, seven) = (RistrettoScalar(6), RistrettoScalar(7))
        #expect(six * seven == RistrettoScalar(42))
        #expect(six - seven + seven == six)
        let inverse = try #require(seven.inverted)
        #expect(inverse * seven == RistrettoScalar(1))
        #expect(RistrettoScalar.zero.inverted == nil)
    }
}
