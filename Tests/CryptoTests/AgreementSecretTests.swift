import Crypto
import Primitives
import Testing

@Suite struct AgreementSecretTests {
    private func shared(_ secret: String, _ peer: String) throws -> String {
        let key = try #require(AgreementKey(hex: peer))
        return try AgreementSecret(secret: hex(secret)).sharedSecret(with: key).hex
    }

    @Test(
        "X25519 gives the products of RFC 7748 section 5.2",
        arguments: [
            (
                "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
            ),
            (
                "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
                "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"
            ),
        ])
    func products(secret: String, peer: String, expected: String) throws {
        #expect(try shared(secret, peer) == expected)
    }

    @Test("both sides compute the shared secret of RFC 7748 section 6.1")
    func exchange() throws {
        let alice = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
        let bob = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
        let aliceKey = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
        let bobKey = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
        #expect(try AgreementSecret(secret: hex(alice)).publicKey.hex == aliceKey)
        #expect(try AgreementSecret(secret: hex(bob)).publicKey.hex == bobKey)
        let expected = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
        #expect(try shared(alice, bobKey) == expected)
        #expect(try shared(bob, aliceKey) == expected)
    }

    @Test(
        "a peer's key of small order is refused",
        arguments: [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ])
    func smallOrder(_ text: String) throws {
        let key = try #require(AgreementKey(hex: text))
        #expect(throws: CryptoError.badPoint) { _ = try AgreementSecret.generate().sharedSecret(with: key).hex }
    }
}

extension SecretKey {
    /// For comparing with vectors.
    var hex: String { withBytes { bytes in Hex.encode(bytes.indices.map { bytes[$0] }) } }
}
