import Crypto
import Primitives
import Testing

/// One vector of RFC 9605 appendix C.3; key id, counter, metadata and plaintext are the same in all.
struct SFrameVector: Sendable {
    let suite: SFrameSuite
    let baseKey: String
    let ciphertext: String
}

@Suite struct SFrameTests {
    static let keyID: UInt64 = 0x123
    static let counter: UInt64 = 0x4567
    static let metadata = "4945544620534672616d65205747"
    static let plaintext = "64726166742d696574662d736672616d652d656e63"
    static let vectors = [
        SFrameVector(
            suite: .aes128GCM, baseKey: "000102030405060708090a0b0c0d0e0f",
            ciphertext: "9901234567b7412c2513a1b66dbb48841bbaf17f598751176ad847681a69c6d0"
                + "b091c07018ce4adb34eb"),
        SFrameVector(
            suite: .aes256GCM, baseKey: "000102030405060708090a0b0c0d0e0f",
            ciphertext: "990123456794f509d36e9beacb0e261d99c7d1e972f1fed787d4049f17ca2135"
                + "3c1cc24d56ceabced279"),
    ]

    @Test("every header of RFC 9605 C.1 encodes and decodes as it stands there")
    func headers() throws {
        let lines = SFrameHeaderVectors.text.split(separator: "\n")
        #expect(lines.count == 289)
        for line in lines {
            let fields = line.split(separator: " ")
            let header = SFrameHeader(
                keyID: try #require(UInt64(fields[0])), counter: try #require(UInt64(fields[1])))
            let encoded = hex(String(fields[2]))
            #expect(header.encoded == encoded)
            #expect(header.byteCount == encoded.count)
            #expect(try SFrameHeader(startOf: encoded + [1, 2, 3]) == header)
            for prefix in prefixes(of: encoded) {
                #expect(throws: CryptoError.malformed) { _ = try SFrameHeader(startOf: prefix) }
            }
            for flipped in flips(of: encoded) {
                guard let other = try? SFrameHeader(startOf: flipped) else { continue }
                #expect(other != header)
                #expect(other.encoded == Array(flipped.prefix(other.byteCount)))
            }
        }
    }

    @Test(
        "a header longer than needed is refused",
        arguments: ["0800", "0807", "8007", "0900ff", "90000f", "0f0000000000000000", "88ff07"])
    func longHeaders(_ text: String) {
        #expect(throws: CryptoError.malformed) { _ = try SFrameHeader(startOf: hex(text)) }
    }

    @Test("both suites encrypt and decrypt as RFC 9605 C.3 says", arguments: vectors)
    func frames(_ vector: SFrameVector) throws {
        let key = try SFrameKey(suite: vector.suite, keyID: Self.keyID, baseKey: hex(vector.baseKey))
        let metadata = hex(Self.metadata)
        let frame = try key.encrypt(counter: Self.counter, metadata: metadata, plaintext: hex(Self.plaintext))
        #expect(Hex.encode(frame) == vector.ciphertext)
        #expect(try key.decrypt(metadata: metadata, ciphertext: frame) == hex(Self.plaintext))
        for bad in flips(of: frame) + prefixes(of: frame) {
            #expect(throws: CryptoError.self) { _ = try key.decrypt(metadata: metadata, ciphertext: bad) }
        }
        #expect(throws: CryptoError.authenticationFailed) { _ = try key.decrypt(metadata: [], ciphertext: frame) }
    }

    @Test("a counter is never used twice, the last one included")
    func counters() throws {
        let key = try SFrameKey(suite: .aes256GCM, keyID: 1, baseKey: [1])
        _ = try key.encrypt(counter: 5, plaintext: [1])
        for counter in [0, 4, 5] as [UInt64] {
            #expect(throws: CryptoError.counterReused) { _ = try key.encrypt(counter: counter, plaintext: [1]) }
        }
        _ = try key.encrypt(counter: 6, plaintext: [])
        _ = try key.encrypt(counter: .max, plaintext: [1])
        #expect(throws: CryptoError.counterReused) { _ = try key.encrypt(counter: .max, plaintext: [1]) }
    }

    @Test("a frame under another key id is refused, and leaves the output as it was")
    func otherKey() throws {
        let first = try SFrameKey(suite: .aes256GCM, keyID: 1, baseKey: [1])
        let second = try SFrameKey(suite: .aes256GCM, keyID: 2, baseKey: [1])
        let frame = try first.encrypt(counter: 1, plaintext: [1, 2, 3])
        var output: [UInt8] = [9]
        #expect(throws: CryptoError.authenticationFailed) {
            let empty: [UInt8] = []
            try second.decrypt(metadata: empty.span, ciphertext: frame.span, appendingTo: &output)
        }
        #expect(output == [9])
    }
}
