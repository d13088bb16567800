/// A member's secret share of a threshold key on its way from the dealer: only the member can open it.
package struct SealedShare: Hashable, Sendable {
    /// The longest sealed form of a 32-byte share.
    package static let sealedByteCountMax = 256

    package let purpose: ThresholdPurpose
    package let sharingEpoch: SharingEpoch
    /// The member, from 1.
    package let index: Int
    /// The share under the member's key, with `associatedData` as authenticated data.
    package let sealed: [UInt8]

    package init(purpose: ThresholdPurpose, sharingEpoch: SharingEpoch, index: Int, sealed: [UInt8]) {
        self.purpose = purpose
        self.sharingEpoch = sharingEpoch
        self.index = index
        self.sealed = sealed
    }

    /// What a seal over a share binds: chain (32 bytes), purpose (1), sharing epoch u64, index u16, big-endian.
    package static func associatedData(
        chain: ChainID, purpose: ThresholdPurpose, sharingEpoch: SharingEpoch, index: Int
    ) -> [UInt8] {
        var bytes = chain.bytes
        bytes.append(purpose.rawValue)
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: sharingEpoch.rawValue >> UInt64(shift)))
        }
        bytes.append(UInt8(truncatingIfNeeded: index >> 8))
        bytes.append(UInt8(truncatingIfNeeded: index))
        return bytes
    }
}
