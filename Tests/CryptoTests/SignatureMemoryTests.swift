import Crypto
import Primitives
import Testing

/// A value that one signature makes true.
private struct Claim: Verifiable, Equatable {
    let check: SignatureCheck
    func signatureChecks(in isPossible: Bool) -> [SignatureCheck]? { isPossible ? [check] : nil }
}

@Suite("Remembered signatures")
struct SignatureMemoryTests {
    private let key = SigningKey.generate()

    private func claim(_ text: String, signedAs other: String? = nil) -> Claim {
        Claim(
            check: SignatureCheck(
                preimage: Array(text.utf8), key: key.publicKey,
                signature: key.signature(over: Array((other ?? text).utf8))))
    }

    @Test("A signature that holds is taken the first time, the second, and after many others")
    func held() {
        var memory = SignatureMemory(countMax: 2)
        let first = claim("first")
        for _ in 0..<2 { #expect(memory.verified(first, in: true)?.value == first) }
        for number in 0..<9 { #expect(memory.verified(claim("\(number)"), in: true) != nil) }
        #expect(memory.verified(first, in: true)?.value == first)
        #expect(memory.verified(first, in: false) == nil)
    }

    @Test("A remembered signature says nothing of other bytes, another key or another signature")
    func exactness() {
        var memory = SignatureMemory()
        let good = claim("block 7")
        #expect(memory.verified(good, in: true) != nil)
        let stranger = SigningKey.generate().publicKey
        let forged = [
            SignatureCheck(preimage: Array("block 8".utf8), key: key.publicKey, signature: good.check.signature),
            SignatureCheck(preimage: good.check.preimage, key: stranger, signature: good.check.signature),
            claim("block 7", signedAs: "block 8").check,
        ]
        for check in forged {
            for _ in 0..<2 { #expect(memory.verified(Claim(check: check), in: true) == nil) }
        }
    }
}
