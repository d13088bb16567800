internal import Primitives

/// Keys from a group element: HKDF-SHA-512 (RFC 5869) of its 32 bytes. `salt` is the protocol's name, `info` says what
/// the key is for.
enum RistrettoKeyDerivation {
    static func key(from secret: [UInt8], salt: String, info: [UInt8]) -> SecretKey {
        var pseudorandom = authenticate(secret, key: Array(salt.utf8))
        var output = authenticate(info + [1], key: pseudorandom)
        defer {
            ConstantTime.wipe(&pseudorandom)
            ConstantTime.wipe(&output)
        }
        guard let key = try? SecretKey(copying: output.span.extracting(0..<SecretKey.byteCount)) else {
            preconditionFailure("HMAC-SHA-512 gives 64 bytes")
        }
        return key
    }

    /// HMAC-SHA-512 (RFC 2104). Keys here are at most one block long.
    private static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        guard key.count <= 128 else { preconditionFailure("a key of more than one block") }
        var padded = key + [UInt8](repeating: 0, count: 128 - key.count)
        defer { ConstantTime.wipe(&padded) }
        let inner = SHA512.hash(padded.map { $0 ^ 0x36 } + message)
        return SHA512.hash(padded.map { $0 ^ 0x5c } + inner)
    }
}

extension UInt64 {
    /// Eight bytes, most significant first.
    var bigEndianBytes: [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: self >> UInt64($0)) }
    }
}
