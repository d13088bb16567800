import Crypto
import Primitives
import Testing

@Suite struct DerivationTests {
    @Test(
        "HMAC gives the codes of RFC 4231",
        arguments: [
            (
                [UInt8](repeating: 0x0b, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
                "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
                    + "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                    + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
            ),
        ])
    func codes(key: [UInt8], text: String, short: String, long: String) {
        let message = Array(text.utf8)
        #expect(Hex.encode(HMAC.code(of: message, key: key)) == short)
        #expect(Hex.encode(HMAC.code(of: message, key: key, using: .sha512)) == long)
        #expect(HMAC.isValid(hex(short), of: message, key: key))
        for flipped in flips(of: hex(short)) { #expect(!HMAC.isValid(flipped, of: message, key: key)) }
    }

    @Test(
        "HKDF gives the keys of RFC 5869",
        arguments: [
            (
                "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
            ),
            ("", "", "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
        ])
    func keys(salt: String, info: String, expected: String) {
        let secret = [UInt8](repeating: 0x0b, count: 22)
        let key = HKDF.derive(from: secret, salt: hex(salt), info: hex(info), count: 42)
        #expect(Hex.encode(key) == expected)
        let short = HKDF.deriveKey(from: secret, salt: hex(salt), info: hex(info)).hex
        #expect(short == String(expected.prefix(64)))
    }

    @Test("a passphrase key depends on passphrase, salt and cost, and on nothing else")
    func passphrases() throws {
        let salt = [UInt8](0..<16)
        let cost = PassphraseKey.Cost.least
        func key(_ text: String, _ salt: [UInt8], _ cost: PassphraseKey.Cost) throws -> String {
            try PassphraseKey.derive(from: Array(text.utf8), salt: salt, cost: cost).hex
        }
        let first = try key("correct horse", salt, cost)
        #expect(try key("correct horse", salt, cost) == first)
        #expect(try key("Correct horse", salt, cost) != first)
        #expect(try key("", salt, cost) != first)
        #expect(try key("correct horse", salt.reversed(), cost) != first)
        #expect(try key("correct horse", salt, PassphraseKey.Cost(passCount: 2, memoryKiB: 8)) != first)
    }

    @Test("a salt of another length and a cost out of bounds are refused before any work")
    func passphraseLimits() {
        #expect(throws: CryptoError.badLength) { _ = try PassphraseKey.derive(from: [1], salt: [1], cost: .least).hex }
        let salt = [UInt8](repeating: 0, count: 16)
        for (passes, memory) in [(0, 8), (17, 8), (1, 7), (1, 1 << 21)] as [(UInt32, UInt32)] {
            let cost = PassphraseKey.Cost(passCount: passes, memoryKiB: memory)
            #expect(throws: CryptoError.limitExceeded) {
                _ = try PassphraseKey.derive(from: [1], salt: salt, cost: cost).hex
            }
        }
    }
}
