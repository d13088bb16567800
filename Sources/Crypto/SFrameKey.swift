/// The two SFrame suites in use, by their numbers in RFC 9605 section 8.1.
package enum SFrameSuite: UInt16, Sendable {
    case aes128GCM = 4
    case aes256GCM = 5

    var cipher: CipherSuite { self == .aes128GCM ? .aes128GCM : .aes256GCM }
    var digest: DigestAlgorithm { self == .aes128GCM ? .sha256 : .sha512 }
}

/// One key of SFrame (RFC 9605): encrypts the frames of one sender, or decrypts them.
///
/// A ciphertext is header, encrypted frame, tag; header and metadata are authenticated with it. Everyone who holds the
/// key can make frames under it: who sent one is proven elsewhere. Not `Sendable`.
package final class SFrameKey {
    /// What a frame grows by at most.
    package static let overheadByteCountMax = SFrameHeader.byteCountMax + AEAD.tagByteCount
    package let keyID: UInt64
    private let cipher: AEAD
    private let salt: Nonce
    /// The lowest counter that `encrypt` still takes; nil when none is left.
    private var nextCounter: UInt64? = 0

    /// Derives key and salt from a base key of any length; wiping the source is up to its owner.
    package init(suite: SFrameSuite, keyID: UInt64, baseKey: Span<UInt8>) throws(CryptoError) {
        self.keyID = keyID
        var secret = HKDF.extract(baseKey, using: suite.digest)
        defer { ConstantTime.wipe(&secret) }
        let number = Self.bigEndian(keyID, byteCount: 8) + Self.bigEndian(UInt64(suite.rawValue), byteCount: 2)
        func derive(_ label: String, _ count: Int) -> [UInt8] {
            HKDF.expand(secret, info: Array(label.utf8) + number, count: count, using: suite.digest)
        }
        var key = derive("SFrame 1.0 Secret key ", suite.cipher.keyByteCount)
        defer { ConstantTime.wipe(&key) }
        cipher = try AEAD(suite.cipher, key: key.span)
        guard let salt = Nonce(derive("SFrame 1.0 Secret salt ", Nonce.byteCount)) else {
            preconditionFailure("a nonce of another length")
        }
        self.salt = salt
    }

    /// Derives key and salt from a base key of any length; wiping the source is up to its owner.
    package convenience init(suite: SFrameSuite, keyID: UInt64, baseKey: [UInt8]) throws(CryptoError) {
        try self.init(suite: suite, keyID: keyID, baseKey: baseKey.span)
    }

    /// The SFrame ciphertext of a frame. Counters must rise from call to call.
    /// - Throws: `CryptoError.counterReused`.
    package func encrypt(
        counter: UInt64, metadata: [UInt8] = [], plaintext: [UInt8]
    ) throws(CryptoError) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(plaintext.count + Self.overheadByteCountMax)
        try encrypt(counter: counter, metadata: metadata.span, plaintext: plaintext.span, appendingTo: &output)
        return output
    }

    /// Appends the SFrame ciphertext of a frame to `output`. Counters must rise from call to call.
    /// - Throws: `CryptoError.counterReused`.
    package func encrypt(
        counter: UInt64, metadata: Span<UInt8>, plaintext: Span<UInt8>, appendingTo output: inout [UInt8]
    ) throws(CryptoError) {
        guard let lowest = nextCounter, counter >= lowest else { throw .counterReused }
        nextCounter = counter == .max ? nil : counter + 1
        let header = SFrameHeader(keyID: keyID, counter: counter).encoded
        output.append(contentsOf: header)
        try cipher.seal(
            plaintext, nonce: salt.mixing(counter), authenticating: header.span, metadata, appendingTo: &output)
    }

    /// The frame. Whether a counter was seen before is up to the receiver, who may ask for frames again.
    /// - Throws: `CryptoError.malformed`, or `.authenticationFailed` also for another key id.
    package func decrypt(metadata: [UInt8] = [], ciphertext: [UInt8]) throws(CryptoError) -> [UInt8] {
        var output: [UInt8] = []
        try decrypt(metadata: metadata.span, ciphertext: ciphertext.span, appendingTo: &output)
        return output
    }

    /// Appends the frame to `output`, which keeps its length when the frame is refused.
    /// - Throws: `CryptoError.malformed`, or `.authenticationFailed` also for another key id.
    package func decrypt(
        metadata: Span<UInt8>, ciphertext: Span<UInt8>, appendingTo output: inout [UInt8]
    ) throws(CryptoError) {
        let header = try SFrameHeader(startOf: ciphertext)
        guard header.keyID == keyID else { throw .authenticationFailed }
        let split = header.byteCount
        try cipher.open(
            ciphertext.extracting(split..<ciphertext.count), nonce: salt.mixing(header.counter),
            authenticating: ciphertext.extracting(0..<split), metadata, appendingTo: &output)
    }

    private static func bigEndian(_ value: UInt64, byteCount: Int) -> [UInt8] {
        (0..<byteCount).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    }
}
