import Crypto
import Primitives
import Testing

/// One case of the tables of "Taming the many EdDSAs" (eprint 2020/1244).
struct EdgeCase: Sendable, CustomTestStringConvertible {
    let name: String
    let message: String
    let key: String
    let signature: String
    /// What the equation alone says.
    let isValid: Bool
    /// Whether the key may be registered.
    let isAcceptable: Bool
    var testDescription: String { name }
}

/// A value that says which signatures make it true, for `verified`.
private struct Statement: Verifiable, Equatable {
    let checks: [SignatureCheck]
    func signatureChecks(in isPossible: Bool) -> [SignatureCheck]? { isPossible ? checks : nil }
}

@Suite struct SignatureVerifierTests {
    static let edgeCases = [
        EdgeCase(
            name: "A and R of small order, S zero",
            message: "8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
            key: "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            signature: "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
                + "0000000000000000000000000000000000000000000000000000000000000000",
            isValid: false, isAcceptable: false),
        EdgeCase(
            name: "A of small order",
            message: "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
            key: "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            signature: "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43"
                + "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
            isValid: false, isAcceptable: false),
        EdgeCase(
            name: "A of mixed order, R of small order",
            message: "aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
            key: "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
            signature: "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
                + "8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
            isValid: false, isAcceptable: false),
        EdgeCase(
            name: "A and R of mixed order, both equations hold",
            message: "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
            key: "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
            signature: "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f"
                + "87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
            isValid: true, isAcceptable: false),
        EdgeCase(
            name: "A of mixed order, only the cofactored equation holds",
            message: "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
            key: "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
            signature: "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512"
                + "5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
            isValid: false, isAcceptable: false),
        EdgeCase(
            name: "A of mixed order, only the equation with a reduced hash holds",
            message: "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
            key: "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
            signature: "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7"
                + "e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405",
            isValid: false, isAcceptable: false),
        EdgeCase(
            name: "S above the group order",
            message: "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
            key: "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
            signature: "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e"
                + "547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
            isValid: false, isAcceptable: true),
        EdgeCase(
            name: "S far above the group order",
            message: "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
            key: "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
            signature: "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa1942"
                + "7e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
            isValid: false, isAcceptable: true),
        EdgeCase(
            name: "A of mixed order, R not canonical, hashed as it stands",
            message: "fdaebc429f4a735932a160da1301080c13280eea8bc280d1b392c6b9e6ba3a5a",
            key: "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
            signature: "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
                + "454d370c8d9fc323a41450f8d513eafeb5b0697390c1e505a0d4ddc71f566607",
            isValid: false, isAcceptable: false),
        EdgeCase(
            name: "A of mixed order, R not canonical, hashed in canonical form",
            message: "84b698d39be126ff55fe45079e6c8bf64a0d7db6994560b4e96b7021eb39c1a1",
            key: "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
            signature: "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
                + "084d5b99c2a9463d9c8bd5026916996984eeec87ddf1d3be329006ace1b37b09",
            isValid: false, isAcceptable: false),
    ]

    /// All fourteen encodings of the eight points of small order, the six that are not canonical included.
    static let smallOrder = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ]

    @Test("every edge case has the network's one answer", arguments: edgeCases)
    func edgeCase(_ edge: EdgeCase) throws {
        let key = try #require(PublicKey(hex: edge.key))
        let signature = try #require(Signature(hex(edge.signature)))
        let check = SignatureCheck(preimage: hex(edge.message), key: key, signature: signature)
        #expect(SignatureVerifier().isValid(check) == edge.isValid)
        #expect(key.isAcceptableForRegistration == edge.isAcceptable)
    }

    @Test("a key of small order is never registered and never verifies anything", arguments: smallOrder)
    func smallKeys(_ text: String) throws {
        let key = try #require(PublicKey(hex: text))
        #expect(!key.isAcceptableForRegistration)
        for commitment in Self.smallOrder {
            let signature = try #require(Signature(hex(commitment) + [UInt8](repeating: 0, count: 32)))
            for message in [[], [1], [2], [3]] as [[UInt8]] {
                let check = SignatureCheck(preimage: message, key: key, signature: signature)
                #expect(!SignatureVerifier().isValid(check))
            }
        }
    }

    @Test("adding the group order to S makes no second signature")
    func malleability() throws {
        let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        let key = SigningKey.generate()
        var bytes = key.signature(over: [1]).bytes
        var carry = 0
        for index in 0..<32 {
            let sum = Int(bytes[32 + index]) + Int(order[index]) + carry
            bytes[32 + index] = UInt8(sum & 0xff)
            carry = sum >> 8
        }
        let signature = try #require(Signature(bytes))
        #expect(!SignatureVerifier().isValid(SignatureCheck(preimage: [1], key: key.publicKey, signature: signature)))
    }

    @Test("bytes that are no point are no key")
    func offCurve() throws {
        let key = try #require(PublicKey(hex: "02" + String(repeating: "00", count: 31)))
        #expect(!key.isAcceptableForRegistration)
    }

    @Test("a value is verified only when all its signatures hold and it can be true")
    func verified() {
        let keys = [SigningKey.generate(), SigningKey.generate()]
        let checks = keys.map { key in
            SignatureCheck(preimage: [5], key: key.publicKey, signature: key.signature(over: [5]))
        }
        let wrong = SignatureCheck(preimage: [6], key: checks[1].key, signature: checks[1].signature)
        let verifier = SignatureVerifier()
        #expect(verifier.verified(Statement(checks: checks), in: true)?.value == Statement(checks: checks))
        #expect(verifier.verified(Statement(checks: checks), in: false) == nil)
        #expect(verifier.verified(Statement(checks: [checks[0], wrong]), in: true) == nil)
    }
}
