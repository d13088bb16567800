internal import CSodium

/// A 32-byte secret in locked, guarded memory. Moves, never copies, and is wiped when it goes out of scope.
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

    /// Lends the secret for the length of `body`; the bytes cannot escape it.
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
