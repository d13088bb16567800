package import Primitives

/// Where a phone number's record lies, and under which key it is sealed: both come from the function's output, which
/// nobody can compute without asking enough validators, so neither can be found by trying all numbers.
///
/// location = HKDF(output, info "location" ‖ epoch u64), sealing key = HKDF(output, info "seal" ‖ epoch u64), salt
/// "sotto/1/phone" for both.
package enum VOPRFLocation {
    private static let salt = "sotto/1/phone"

    /// The place in the DHT.
    package static func location(output: [UInt8], epoch: LocationEpoch) -> DHTKey {
        let key = RistrettoKeyDerivation.key(from: output, salt: salt, info: info("location", epoch))
        let location = key.withBytes { bytes in DHTKey(bytes) }
        guard let location else { preconditionFailure("a derived key has 32 bytes") }
        return location
    }

    /// The key under which the record is sealed.
    package static func sealingKey(output: [UInt8], epoch: LocationEpoch) -> SecretKey {
        RistrettoKeyDerivation.key(from: output, salt: salt, info: info("seal", epoch))
    }

    private static func info(_ label: String, _ epoch: LocationEpoch) -> [UInt8] {
        Array(label.utf8) + epoch.rawValue.bigEndianBytes
    }
}
