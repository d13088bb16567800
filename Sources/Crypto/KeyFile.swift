import Primitives

/// The bytes of a file that holds one 32-byte secret, open or under a passphrase. Who reads and writes files sees to
/// it that only the owner may (mode 0600).
///
/// | offset | size | content |
/// | --- | --- | --- |
/// | 0 | 8 | `SOTTOKEY` |
/// | 8 | 1 | version, 1 |
/// | 9 | 1 | purpose |
/// | 10 | 1 | 0 open, 1 under a passphrase |
/// | 11 | 1 | 0 |
///
/// An open file goes on with the secret (32) and the first 8 bytes of the SHA-256 of all before: 52 bytes. A sealed one
/// goes on with Argon2id's passes (u32) and memory in KiB (u32), both big-endian, salt (16), nonce (12), then
/// AES-256-GCM of the secret (32) and tag (16) with all before the ciphertext authenticated: 96 bytes.
package enum KeyFile {
    /// What a secret is for. A key made for one purpose is refused for another.
    package enum Purpose: UInt8, CaseIterable, Sendable {
        /// Ed25519 seed of a member.
        case member = 1
        /// Ed25519 seed of a node, for links and address records.
        case node = 2
        /// Ed25519 seed that votes in consensus.
        case validator = 3
        /// Ed25519 seed that signs checkpoints of the log.
        case log = 4
        /// X25519 secret of a node, for Noise sessions and what is sealed to it.
        case agreement = 5
        /// Scalar of a share of a threshold key.
        case share = 6
        /// X25519 secret to which the dealings of threshold keys are sealed.
        case dealing = 7
        /// Key under which a node's own store seals what must be erasable.
        case storage = 8
    }

    private static let magic = Array("SOTTOKEY".utf8)
    private static let version: UInt8 = 1
    private static let headCount = 12
    private static let openCount = 52
    private static let sealedCount = 96

    /// The file of a secret that only the file system guards.
    package static func encode(_ secret: borrowing SecretKey, purpose: Purpose) -> [UInt8] {
        var output = head(purpose, isSealed: false)
        secret.withBytes { bytes in for index in bytes.indices { output.append(bytes[index]) } }
        output += SHA256.hash(output).bytes.prefix(8)
        return output
    }

    /// The file of a secret under a passphrase (UTF-8).
    /// - Throws: `CryptoError.limitExceeded` for a cost out of bounds, `.outOfMemory`.
    package static func encode(
        _ secret: borrowing SecretKey, purpose: Purpose, passphrase: [UInt8], cost: PassphraseKey.Cost = .standard
    ) throws(CryptoError) -> [UInt8] {
        let salt = SecureRandom.bytes(count: PassphraseKey.saltByteCount)
        let nonce = Nonce.random()
        var output = head(purpose, isSealed: true)
        for value in [cost.passCount, cost.memoryKiB] {
            for shift in stride(from: UInt32(24), through: 0, by: -8) {
                output.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        output += salt + nonce.bytes
        let cipher = AEAD(key: try PassphraseKey.derive(from: passphrase, salt: salt, cost: cost))
        let data = output
        try secret.withBytes { bytes throws(CryptoError) in
            try cipher.seal(bytes, nonce: nonce, authenticating: data.span, appendingTo: &output)
        }
        return output
    }

    /// What a file is for, and whether it needs a passphrase.
    /// - Throws: `CryptoError.malformed`.
    package static func inspect(_ file: [UInt8]) throws(CryptoError) -> (purpose: Purpose, isSealed: Bool) {
        guard file.count >= headCount, file[..<8].elementsEqual(magic), file[8] == version,
            let purpose = Purpose(rawValue: file[9]), file[10] <= 1, file[11] == 0,
            file.count == (file[10] == 0 ? openCount : sealedCount)
        else { throw .malformed }
        return (purpose, file[10] == 1)
    }

    /// The secret of a file. The passphrase is ignored by an open one.
    /// - Throws: `CryptoError.malformed`, `.wrongPurpose`, `.passphraseNeeded`, `.authenticationFailed` for the wrong
    ///   passphrase, `.limitExceeded` when the file asks for more work than allowed, `.outOfMemory`.
    package static func decode(
        _ file: [UInt8], purpose expected: Purpose, passphrase: [UInt8]? = nil
    ) throws(CryptoError) -> SecretKey {
        let (purpose, isSealed) = try inspect(file)
        guard purpose == expected else { throw .wrongPurpose }
        guard isSealed else {
            let end = openCount - 8
            guard SHA256.hash(file.span.extracting(0..<end)).bytes.prefix(8).elementsEqual(file[end...]) else {
                throw .malformed
            }
            return try SecretKey(copying: file.span.extracting(headCount..<end))
        }
        guard let passphrase else { throw .passphraseNeeded }
        let cost = PassphraseKey.Cost(passCount: number(file, at: 12), memoryKiB: number(file, at: 16))
        let key = try PassphraseKey.derive(from: passphrase, salt: Array(file[20..<36]), cost: cost)
        guard let nonce = Nonce(file.span.extracting(36..<48)) else { throw .malformed }
        var secret = try AEAD(key: key).open(
            file.span.extracting(48..<sealedCount), nonce: nonce, authenticating: file.span.extracting(0..<48))
        defer { ConstantTime.wipe(&secret) }
        return try SecretKey(copying: secret.span)
    }

    private static func head(_ purpose: Purpose, isSealed: Bool) -> [UInt8] {
        magic + [version, purpose.rawValue, isSealed ? 1 : 0, 0]
    }

    private static func number(_ file: [UInt8], at offset: Int) -> UInt32 {
        file[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
