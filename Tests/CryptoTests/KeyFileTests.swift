import Crypto
import Testing

@Suite struct KeyFileTests {
    private let seed = [UInt8](0..<32)
    private let passphrase = Array("correct horse".utf8)
    private func secret() throws -> SecretKey { try SecretKey(copying: seed.span) }

    private func openFile(_ purpose: KeyFile.Purpose = .member) throws -> [UInt8] {
        KeyFile.encode(try secret(), purpose: purpose)
    }

    private func sealedFile() throws -> [UInt8] {
        try KeyFile.encode(try secret(), purpose: .node, passphrase: passphrase, cost: .least)
    }

    @Test("a secret comes back from its file, for each purpose", arguments: KeyFile.Purpose.allCases)
    func roundTrip(_ purpose: KeyFile.Purpose) throws {
        let file = try openFile(purpose)
        #expect(file.count == 52)
        let (found, isSealed) = try KeyFile.inspect(file)
        #expect(found == purpose && !isSealed)
        let copy = try KeyFile.decode(file, purpose: purpose).copy
        #expect(copy == seed)
    }

    @Test("a sealed file opens with its passphrase and with no other")
    func sealed() throws {
        let file = try sealedFile()
        #expect(file.count == 96)
        #expect(try KeyFile.inspect(file).isSealed)
        let copy = try KeyFile.decode(file, purpose: .node, passphrase: passphrase).copy
        #expect(copy == seed)
        #expect(throws: CryptoError.authenticationFailed) {
            _ = try KeyFile.decode(file, purpose: .node, passphrase: [1]).copy
        }
        #expect(throws: CryptoError.passphraseNeeded) { _ = try KeyFile.decode(file, purpose: .node).copy }
    }

    @Test("a key made for one purpose is refused for another")
    func purposes() throws {
        let file = try openFile(.member)
        for purpose in KeyFile.Purpose.allCases where purpose != .member {
            #expect(throws: CryptoError.wrongPurpose) { _ = try KeyFile.decode(file, purpose: purpose).copy }
        }
    }

    @Test("a file cut short, longer, or with a flipped bit is refused")
    func tampering() throws {
        let open = try openFile()
        for bad in prefixes(of: open) + flips(of: open) + [open + [0]] {
            #expect(throws: CryptoError.self) { _ = try KeyFile.decode(bad, purpose: .member).copy }
        }
        let sealed = try sealedFile()
        // A flip in the high bytes of the cost asks for more work than allowed, and is refused before any.
        for bad in prefixes(of: sealed) + flips(of: sealed) + [sealed + [0]] {
            #expect(throws: CryptoError.self) {
                _ = try KeyFile.decode(bad, purpose: .node, passphrase: passphrase).copy
            }
        }
    }

    @Test("a signing key and an agreement key come back as themselves")
    func keys() throws {
        let signing = SigningKey.generate()
        let seed = try signing.withSeed { seed throws(CryptoError) in try SecretKey(copying: seed) }
        let member = try KeyFile.decode(KeyFile.encode(seed, purpose: .member), purpose: .member)
        #expect(SigningKey(seed: member).publicKey == signing.publicKey)
        let agreement = AgreementSecret.generate()
        let secret = try agreement.withSecret { secret throws(CryptoError) in try SecretKey(copying: secret) }
        let file = KeyFile.encode(secret, purpose: .agreement)
        let copy = AgreementSecret(try KeyFile.decode(file, purpose: .agreement))
        #expect(copy.publicKey == agreement.publicKey)
    }

    @Test("two sealings of one secret have nothing in common but the head")
    func freshness() throws {
        let first = try sealedFile()
        let second = try sealedFile()
        #expect(first[..<20] == second[..<20])
        #expect(first[20..<36] != second[20..<36] && first[48...] != second[48...])
    }
}

extension SecretKey {
    fileprivate var copy: [UInt8] { withBytes { bytes in bytes.indices.map { bytes[$0] } } }
}
