import Crypto
import Primitives
import Testing

@Suite struct SecretTests {
    @Test("new secrets differ, and a copy equals its source")
    func equality() throws {
        let first = SecretKey()
        let second = SecretKey()
        let copy = try first.withBytes { bytes throws(CryptoError) in try SecretKey(copying: bytes) }
        let isCopyEqual = first.isEqual(to: copy)
        let isOtherEqual = first.isEqual(to: second)
        #expect(isCopyEqual && !isOtherEqual)
    }

    @Test("a secret has 32 bytes and no other count", arguments: [0, 31, 33])
    func length(count: Int) {
        let bytes = [UInt8](repeating: 1, count: count)
        #expect(throws: CryptoError.badLength) { _ = try SecretKey(copying: bytes.span) }
    }

    @Test("many secrets at once, made and dropped by many tasks, keep their own bytes")
    func places() async {
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<16 {
                group.addTask { @concurrent in
                    let seeds = (0..<100).map { [UInt8](repeating: UInt8(task), count: 31) + [UInt8($0)] }
                    return seeds.allSatisfy { seed in
                        guard let first = try? SecretKey(copying: seed.span) else { return false }
                        let other = SecretKey()
                        return first.hex == Hex.encode(seed) && other.hex != first.hex
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    @Test("constant-time equality is equality")
    func constantTime() {
        #expect(ConstantTime.isEqual([], []))
        #expect(ConstantTime.isEqual([1, 2], [1, 2]))
        #expect(!ConstantTime.isEqual([1, 2], [1, 3]))
        #expect(!ConstantTime.isEqual([1, 2], [1, 2, 3]))
    }

    @Test("random bytes come in the count asked for and do not repeat")
    func random() {
        #expect(SecureRandom.bytes(count: 0).isEmpty)
        #expect(SecureRandom.bytes(count: 32) != SecureRandom.bytes(count: 32))
        var generator = SecureRandom()
        #expect(generator.next() != generator.next())
    }
}
