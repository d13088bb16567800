package import Crypto
package import Primitives
import Recording

/// Where a holder gets outer keys from: the validators, by a threshold evaluation that it asks for in its own name.
package protocol OuterKeySource: Sendable {
    /// O_e of a recording that this node holds.
    /// - Throws: `OuterKeyError`.
    func outerKey(of recording: RecordingID, epoch: RightsEpoch) async throws(OuterKeyError) -> SecretKey
}

/// Why there is no outer key.
package enum OuterKeyError: Error, Hashable, Sendable {
    /// This node holds no share and nobody gives one: not an assigned holder, or another epoch.
    case refused
    /// Fewer validators than needed answered with a good share.
    case tooFewShares
}

/// The keystreams of a recording's outer layer.
package enum OuterStream {
    /// AES-256-CTR under HKDF-SHA-256 of O_e with the recording's label; the stream number is the shard's index.
    package static func make(
        of recording: RecordingID, under key: borrowing SecretKey
    ) throws(CryptoError) -> AESCTR {
        let derived = key.withBytes { HKDF.deriveKey(from: $0, info: DerivationLabel.outerStream(recording)) }
        return try derived.withBytes { bytes throws(CryptoError) in try AESCTR(key: bytes) }
    }
}
