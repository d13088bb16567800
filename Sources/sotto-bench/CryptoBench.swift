internal import Crypto
internal import Primitives

/// What the libraries do on one core: the limit of everything built on them.
enum CryptoBench {
    static func run(for time: Duration, into report: Report) throws {
        let key = SigningKey.generate()
        let preimage = SecureRandom.bytes(count: 256)
        report.row("crypto.ed25519.sign", Meter.rate(for: time) { _ = key.signature(over: preimage) }, "signatures/s")

        let check = SignatureCheck(preimage: preimage, key: key.publicKey, signature: key.signature(over: preimage))
        let verifier = SignatureVerifier()
        var isValid = true
        let verified = Meter.rate(for: time) { isValid = verifier.isValid(check) && isValid }
        guard isValid else { throw BenchError("a signature did not verify") }
        report.row("crypto.ed25519.verify", verified, "verifications/s")
        report.fact("crypto.ed25519.message", "256 bytes")

        let packet = SecureRandom.bytes(count: 1_200)
        let cipher = try AEAD(.aes256GCM, key: SecureRandom.bytes(count: 32))
        var counter: UInt64 = 0
        var output: [UInt8] = []
        output.reserveCapacity(packet.count + AEAD.tagByteCount)
        let sealed = try Meter.rate(for: time) {
            output.removeAll(keepingCapacity: true)
            try cipher.seal(packet.span, nonce: Nonce(counter: counter), authenticating: Span(), appendingTo: &output)
            counter += 1
        }
        report.row("crypto.aes256gcm.seal", sealed, "packets of 1200 bytes/s")
        report.row("crypto.aes256gcm.seal.rate", sealed * 1_200 / 1e6, "MB/s")

        let block = SecureRandom.bytes(count: 256 << 10)
        let hashed = Meter.rate(for: time) { _ = SHA256.hash(block) }
        report.row("crypto.sha256", hashed * Double(block.count) / 1e6, "MB/s")
    }
}
