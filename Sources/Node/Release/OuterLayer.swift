package import Crypto
package import Primitives
package import Recording
import Wire

/// The outer layer of one recording in one rights epoch: puts it on shards and takes it off. The one place where outer
/// keys meet bytes; rotation, first wrapping and playing all come here.
///
/// AES-256-CTR under HKDF-SHA-256 of the outer key. Taking off and putting on are the same, so nothing here can tell
/// a wrong key from the right one: the inner CID does, or the next layer's root. Not `Sendable`: make one where it
/// is used.
package final class OuterLayer {
    private let stream: AESCTR

    /// - Throws: `CryptoError`, which happens to nobody.
    package init(_ outerKey: borrowing SecretKey, of recording: RecordingID) throws(CryptoError) {
        let key = outerKey.withBytes { bytes in
            HKDF.deriveKey(from: bytes, info: DerivationLabel.outerStream(recording))
        }
        stream = try key.withBytes { bytes throws(CryptoError) in try AESCTR(key: bytes) }
    }

    /// Mixes in the layer, on or off, over the whole shard with this index.
    /// - Throws: `CryptoError.limitExceeded` above 1 GiB.
    package func apply(to shard: inout [UInt8], index: UInt64) throws(CryptoError) {
        try stream.apply(to: &shard, stream: index)
    }

    /// The inner block in an outer shard.
    /// - Throws: `RecordingError.mismatch` when the key is wrong or the bytes are others.
    package func open(
        _ shard: [UInt8], index: UInt64, inner: BlockLink, with hash: inout some Hashing
    ) throws(RecordingError) -> [UInt8] {
        var bytes = shard
        do throws(CryptoError) {
            try apply(to: &bytes, index: index)
        } catch {
            throw .mismatch
        }
        return try ShardLayout.block(in: bytes, inner, with: &hash)
    }

    /// Carries out one step of a wrapping or a rotation: `source` must be what the step names.
    /// - Throws: `RecordingError.mismatch` for other bytes, or a rotation without an old layer.
    package func carryOut(
        _ step: OuterRotation.Step, on source: [UInt8], removing old: OuterLayer?, with hash: inout some Hashing
    ) throws(RecordingError) -> (link: BlockLink, content: [UInt8]) {
        guard step.source.matches(source, with: &hash), step.removesOldLayer == (old != nil) else { throw .mismatch }
        var bytes = ShardLayout.padded(source, to: step.paddedSize)
        do throws(CryptoError) {
            try old?.apply(to: &bytes, index: step.index)
            try apply(to: &bytes, index: step.index)
        } catch {
            throw .mismatch
        }
        return (BlockLink(to: bytes, .raw, with: &hash), bytes)
    }
}

/// Keys that follow from a lease-group key.
package enum GroupKey {
    /// The SFrame base key of one segment: a pseudorandom function of the group's key, so that it opens no other.
    package static func segmentKey(
        of group: borrowing SecretKey, track: UInt8, segment: UInt32
    ) -> SecretKey {
        group.withBytes { bytes in
            HKDF.deriveKey(from: bytes, info: DerivationLabel.segmentKey(track: track, segment: segment))
        }
    }
}
