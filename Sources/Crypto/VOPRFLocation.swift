package import Primitives

/// Where a phone number's record lies, and under which key it is sealed: both come from the function's output, which
/// nobody can compute without asking enough validators, so neither can be found by trying all numbers.
///
/// Both are HKDF-SHA-512 of the output with salt "sotto/1/phone"; info is "location" or "seal", then the location epoch
/// as u64.
package enum VOPRFLocation {
    private static let salt = "sotto/1/phone"

    /// The place in the DHT.
    package static func location(output: [UInt8], epoch: LocationEpoch) -> DHTKey {
        let key = key(output, "location", epoch)
        let location = key.withBytes { bytes in DHTKey(bytes) }
        guard let location else { preconditionFailure("a derived key has 32 bytes") }
        return location
    }

    /// The key under which the record is sealed.
    package static func sealingKey(output: [UInt8], epoch: LocationEpoch) -> SecretKey {
        key(output, "seal", epoch)
    }

    private static func key(_ output: [UInt8], _ label: String, _ epoch: LocationEpoch) -> SecretKey {
        HKDF.deriveKey(
            from: output, salt: Array(salt.utf8), info: Array(label.utf8) + epoch.rawValue.bigEndianBytes,
            using: .sha512)
    }
}
