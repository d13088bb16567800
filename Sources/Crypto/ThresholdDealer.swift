internal import CSodium
package import Primitives

/// Deals a key to n members (Shamir, over the scalars): a random polynomial f of degree t − 1 with f(0) the key; member
/// i gets f(i), everybody gets f(i)·G and f(0)·G. Any t shares determine f, fewer say nothing about f(0).
///
/// Limits: the dealer knows the key while it lives, so a network whose validators do not trust one dealer must let each
/// of them deal and add up. All coefficients and shares lie in locked memory and are wiped with this value.
package struct ThresholdDealer: ~Copyable, Sendable {
    /// What everybody may know.
    package let publicKeys: ThresholdPublicKeys
    /// 32 bytes for each member, in the order of their indices.
    private let shares: LockedMemory

    /// Deals a new random key.
    /// - Throws: `RistrettoError.badMemberCount`.
    package init(
        _ purpose: ThresholdPurpose, sharingEpoch: SharingEpoch, memberCount: Int
    ) throws(RistrettoError) {
        try self.init(RistrettoSecret(), purpose, sharingEpoch: sharingEpoch, memberCount: memberCount)
    }

    /// Deals a given key.
    /// - Throws: `RistrettoError.badMemberCount`.
    package init(
        _ key: borrowing RistrettoSecret, _ purpose: ThresholdPurpose, sharingEpoch: SharingEpoch, memberCount: Int
    ) throws(RistrettoError) {
        try unsafe self.init(key, purpose, sharingEpoch: sharingEpoch, memberCount: memberCount) { _, output in
            unsafe crypto_core_ristretto255_scalar_random(output)
        }
    }

    /// Deals what a published seed of any length gives, the same each time: for a network that is an example and
    /// protects nothing.
    /// - Throws: `RistrettoError.badMemberCount`.
    package init(
        publishedSeed seed: [UInt8], _ purpose: ThresholdPurpose, sharingEpoch: SharingEpoch, memberCount: Int
    ) throws(RistrettoError) {
        func scalar(_ degree: Int, _ output: UnsafeMutablePointer<UInt8>) {
            let info = Array("sotto/example/coefficient/\(degree)".utf8)
            let wide = HKDF.derive(from: seed, info: info, count: 64, using: .sha512)
            unsafe crypto_core_ristretto255_scalar_reduce(output, wide)
        }
        let memory = unsafe LockedMemory(byteCount: RistrettoScalar.byteCount) { unsafe scalar(0, $0) }
        let key = try memory.withBytes { bytes throws(RistrettoError) in try RistrettoSecret(copying: bytes) }
        try unsafe self.init(
            key, purpose, sharingEpoch: sharingEpoch, memberCount: memberCount, coefficient: scalar)
    }

    private init(
        _ key: borrowing RistrettoSecret, _ purpose: ThresholdPurpose, sharingEpoch: SharingEpoch, memberCount: Int,
        coefficient: (Int, UnsafeMutablePointer<UInt8>) -> Void
    ) throws(RistrettoError) {
        guard (1...ThresholdPublicKeys.memberCountMax).contains(memberCount) else { throw .badMemberCount }
        let width = RistrettoScalar.byteCount
        let threshold = Quorum.size(of: memberCount)
        let coefficients = key.withBytes { secret in
            unsafe LockedMemory(byteCount: threshold * width) { output in
                for index in 0..<width { unsafe output[index] = secret[index] }
                for degree in 1..<max(threshold, 1) {
                    unsafe coefficient(degree, output + degree * width)
                }
            }
        }
        let shares = unsafe LockedMemory(byteCount: memberCount * width) { output in
            unsafe coefficients.withPointer { coefficients in
                for index in 1...memberCount {
                    unsafe Self.evaluate(coefficients, threshold, at: index, into: output + (index - 1) * width)
                }
            }
        }
        var publicShares: [GroupElement] = []
        for index in 1...memberCount {
            let secret = try shares.withBytes { bytes throws(RistrettoError) in
                try RistrettoSecret(copying: bytes.extracting((index - 1) * width..<index * width))
            }
            publicShares.append(secret.publicElement())
        }
        let keys = ThresholdPublicKeys(
            purpose: purpose, sharingEpoch: sharingEpoch, publicKey: key.publicElement(), shares: publicShares)
        guard let keys else { throw .badMemberCount }
        publicKeys = keys
        self.shares = shares
    }

    /// The share of member `index`, from 1.
    /// - Throws: `RistrettoError.unknownMember`.
    package borrowing func share(of index: Int) throws(RistrettoError) -> ThresholdShare {
        guard (1...publicKeys.memberCount).contains(index) else { throw .unknownMember(index: index) }
        let keys = publicKeys
        let width = RistrettoScalar.byteCount
        return try shares.withBytes { bytes throws(RistrettoError) in
            try ThresholdShare(copying: bytes.extracting((index - 1) * width..<index * width), index: index, of: keys)
        }
    }

    /// Horner's rule: f(place) into `output`. Every intermediate value is in `output`, which is locked.
    private static func evaluate(
        _ coefficients: UnsafePointer<UInt8>, _ count: Int, at place: Int, into output: UnsafeMutablePointer<UInt8>
    ) {
        let width = RistrettoScalar.byteCount
        let place = RistrettoScalar(UInt64(place)).bytes
        unsafe output.update(from: coefficients + (count - 1) * width, count: width)
        for degree in (0..<count - 1).reversed() {
            unsafe crypto_core_ristretto255_scalar_mul(output, output, place)
            unsafe crypto_core_ristretto255_scalar_add(output, output, coefficients + degree * width)
        }
    }
}
