import Crypto
import Primitives
import Testing

@Suite struct HashTests {
    @Test(
        "SHA-256 gives the hashes of FIPS 180-4",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func sha256(text: String, expected: String) {
        #expect(SHA256.hash(Array(text.utf8)).hex == expected)
    }

    @Test(
        "SHA-512 gives the hashes of FIPS 180-4",
        arguments: [
            (
                "",
                "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                    + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
            ),
            (
                "abc",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                    + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
            ),
        ])
    func sha512(text: String, expected: String) {
        #expect(Hex.encode(SHA512.hash(Array(text.utf8))) == expected)
    }

    @Test("input in pieces hashes as input in one, and finish starts afresh")
    func pieces() {
        let input = [UInt8](0..<200)
        var hash = SHA256()
        for _ in 0..<2 {
            for byte in input { hash.update([byte]) }
            #expect(hash.finish() == SHA256.hash(input))
        }
        var long = SHA512()
        for byte in input { long.update([byte]) }
        #expect(long.finish() == SHA512.hash(input))
    }

    @Test("a copy of a running hash runs on by itself")
    func copies() {
        var first = SHA256()
        first.update([1])
        var second = first
        second.update([2])
        first.update([3])
        #expect(first.finish() == SHA256.hash([1, 3]))
        #expect(second.finish() == SHA256.hash([1, 2]))
    }

    @Test("hashing from many tasks at once gives each its own hash")
    func concurrency() async {
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<64 {
                group.addTask { @concurrent in
                    var own = SHA256()
                    return (0..<200).allSatisfy { round in
                        let input = [UInt8](repeating: UInt8(task), count: round)
                        return SHA256.hash(input) == own.digest(input)
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
