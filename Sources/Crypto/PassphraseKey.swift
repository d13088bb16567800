internal import CSodium

/// Keys from passphrases by Argon2id version 1.3 (RFC 9106), slow and large on purpose.
package enum PassphraseKey {
    package static let saltByteCount = 16

    /// What one guess costs.
    package struct Cost: Equatable, Sendable {
        /// Passes over the memory.
        package let passCount: UInt32
        /// Memory in KiB.
        package let memoryKiB: UInt32

        package init(passCount: UInt32, memoryKiB: UInt32) {
            self.passCount = passCount
            self.memoryKiB = memoryKiB
        }

        /// 3 passes over 256 MiB: about a second on a small machine. For key files.
        package static let standard = Cost(passCount: 3, memoryKiB: 256 << 10)
        /// The least that the library takes: 1 pass over 8 KiB. For tests of formats.
        package static let least = Cost(passCount: 1, memoryKiB: 8)
        /// The most that a file may ask of its reader: 16 passes, 1 GiB.
        static let most = Cost(passCount: 16, memoryKiB: 1 << 20)
    }

    /// The 32-byte key of `passphrase` (UTF-8 as typed) under a 16-byte salt.
    /// - Throws: `CryptoError.badLength` for another salt, `.limitExceeded` for a cost out of bounds, `.outOfMemory`.
    package static func derive(
        from passphrase: [UInt8], salt: [UInt8], cost: Cost = .standard
    ) throws(CryptoError) -> SecretKey {
        Sodium.start()
        guard salt.count == saltByteCount else { throw .badLength }
        guard cost.passCount >= Cost.least.passCount, cost.passCount <= Cost.most.passCount,
            cost.memoryKiB >= Cost.least.memoryKiB, cost.memoryKiB <= Cost.most.memoryKiB
        else { throw .limitExceeded }
        var isDone = false
        let memory = unsafe LockedMemory(byteCount: SecretKey.byteCount) { output in
            unsafe passphrase.withUnsafeBytes { passphrase in
                // An empty passphrase has no address; it is hashed as any other.
                var none: CChar = 0
                let start = unsafe passphrase.baseAddress?.assumingMemoryBound(to: CChar.self)
                isDone = unsafe withUnsafePointer(to: &none) { none in
                    unsafe crypto_pwhash(
                        output, UInt64(SecretKey.byteCount), start ?? none, UInt64(passphrase.count), salt,
                        UInt64(cost.passCount), Int(cost.memoryKiB) << 10, crypto_pwhash_ALG_ARGON2ID13) == 0
                }
            }
        }
        guard isDone else { throw .outOfMemory }
        return SecretKey(memory: memory)
    }
}
