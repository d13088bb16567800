import Crypto
import Primitives
import Testing

/// One test case of the GCM specification by McGrew and Viega, appendix B.
struct CipherVector: Sendable {
    let suite: CipherSuite
    let key: String
    let nonce: String
    let data: String
    let plaintext: String
    let sealed: String
}

@Suite struct AEADTests {
    static let vectors = [
        CipherVector(
            suite: .aes128GCM, key: "feffe9928665731c6d6a8f9467308308", nonce: "cafebabefacedbaddecaf888",
            data: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            sealed: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
                + "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
                + "5bc94fbc3221a5db94fae95ae7121a47"),
        CipherVector(
            suite: .aes256GCM, key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888", data: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                + "76fc6ece0f4e1768cddf8853bb2d551b"),
        CipherVector(
            suite: .aes256GCM, key: String(repeating: "00", count: 32), nonce: String(repeating: "00", count: 12),
            data: "", plaintext: "", sealed: "530f8afbc74536b9a963b4f1c4cb738b"),
    ]

    @Test("AES-GCM seals and opens as its specification says, out of place and in place", arguments: vectors)
    func vector(_ vector: CipherVector) throws {
        let cipher = try AEAD(vector.suite, key: hex(vector.key))
        let nonce = try #require(Nonce(hex(vector.nonce)))
        #expect(Hex.encode(nonce.bytes) == vector.nonce)
        let data = hex(vector.data)
        let plaintext = hex(vector.plaintext)
        // Twice, since a context is used again.
        for _ in 0..<2 {
            let sealed = try cipher.seal(plaintext, nonce: nonce, authenticating: data)
            #expect(Hex.encode(sealed) == vector.sealed)
            #expect(try cipher.open(sealed, nonce: nonce, authenticating: data) == plaintext)
        }
        var buffer: [UInt8] = [9, 9] + plaintext
        try cipher.sealInPlace(&buffer, from: 2, nonce: nonce, authenticating: data.span)
        #expect(buffer == [9, 9] + hex(vector.sealed))
    }

    @Test("a flipped bit, a cut, another nonce or other data does not open, and gives nothing")
    func tampering() throws {
        let cipher = AEAD(key: SecretKey())
        let nonce = Nonce(counter: 7)
        let data: [UInt8] = [1, 2]
        let sealed = try cipher.seal([1, 2, 3], nonce: nonce, authenticating: data)
        for bad in flips(of: sealed) + prefixes(of: sealed) {
            var output: [UInt8] = [5]
            #expect(throws: CryptoError.authenticationFailed) {
                try cipher.open(bad.span, nonce: nonce, authenticating: data.span, appendingTo: &output)
            }
            #expect(output == [5])
        }
        #expect(throws: CryptoError.authenticationFailed) {
            _ = try cipher.open(sealed, nonce: Nonce(counter: 8), authenticating: data)
        }
        #expect(throws: CryptoError.authenticationFailed) {
            _ = try cipher.open(sealed, nonce: nonce, authenticating: [1])
        }
        #expect(try cipher.open(sealed, nonce: nonce, authenticating: data) == [1, 2, 3])
    }

    @Test("data in two parts is data in one")
    func parts() throws {
        let cipher = AEAD(key: SecretKey())
        var sealed: [UInt8] = []
        let (first, second) = ([1] as [UInt8], [2] as [UInt8])
        try cipher.seal(
            first.span, nonce: Nonce(counter: 1), authenticating: first.span, second.span, appendingTo: &sealed)
        #expect(try cipher.open(sealed, nonce: Nonce(counter: 1), authenticating: [1, 2]) == [1])
    }

    @Test("a key of another length is refused", arguments: [0, 15, 17, 31, 33])
    func keyLength(count: Int) {
        let key = [UInt8](repeating: 0, count: count)
        #expect(throws: CryptoError.badLength) { _ = try AEAD(.aes128GCM, key: key) }
        #expect(throws: CryptoError.badLength) { _ = try AEAD(.aes256GCM, key: key) }
    }
}
