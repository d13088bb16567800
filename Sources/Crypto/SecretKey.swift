internal import CSodium

/// Thirty-two secret bytes in memory that is locked and lies between guard pages. There is one owner, who may give it
/// away; with the last use the bytes are wiped.
package struct SecretKey: ~Copyable, Sendable {
    package static let byteCount = 32
    private let memory: LockedMemory

    /// Draws a new secret.
    package init() {
        memory = unsafe LockedMemory(byteCount: Self.byteCount) { memory in
            unsafe randombytes_buf(memory, Self.byteCount)
        }
    }

    /// Copies exactly 32 bytes; wiping the source is up to its owner.
    /// - Throws: `CryptoError.badLength` for any other count.
    package init(copying bytes: Span<UInt8>) throws(CryptoError) {
        guard bytes.count == Self.byteCount else { throw .badLength }
        memory = LockedMemory(copying: bytes)
    }

    /// Takes over memory that already holds 32 secret bytes.
    init(memory: consuming LockedMemory) { self.memory = memory }

    /// Shows the secret to `body`, which cannot keep it.
    package borrowing func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try memory.withBytes(body)
    }

    /// The secret as an array, for computations that join several; the caller wipes it.
    var copiedBytes: [UInt8] { withBytes { bytes in bytes.indices.map { bytes[$0] } } }

    /// True when both hold the same bytes; takes equally long either way.
    package borrowing func isEqual(to other: borrowing SecretKey) -> Bool {
        memory.withBytes { left in other.memory.withBytes { right in ConstantTime.isEqual(left, right) } }
    }
}
