/// Bytes in locked pages, kept out of swap and core dumps, wiped when they go. Moves, never copies.
///
/// Marked `@safe`: the pointer never leaves `memory`, and every access has the count it was allocated with. Running
/// out of address space ends the process, as any other allocation in Swift does.
@safe
struct LockedMemory: ~Copyable, Sendable {
    let byteCount: Int
    private nonisolated(unsafe) let memory: UnsafeMutablePointer<UInt8>

    /// Takes memory and lets `fill` write all of it.
    init(byteCount: Int, fill: (UnsafeMutablePointer<UInt8>) -> Void) {
        Sodium.start()
        let bytes = unsafe LockedArena.take(byteCount)
        unsafe fill(bytes)
        self.byteCount = byteCount
        unsafe self.memory = bytes
    }

    /// Copies `bytes`; wiping the source is up to its owner.
    init(copying bytes: Span<UInt8>) {
        let count = bytes.count
        unsafe self.init(byteCount: count) { memory in
            for index in 0..<count { unsafe memory[index] = bytes[index] }
        }
    }

    deinit { unsafe LockedArena.giveBack(memory, byteCount) }

    /// Lends the bytes for the length of `body`.
    borrowing func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        let buffer = unsafe UnsafeBufferPointer(start: memory, count: byteCount)
        return try unsafe body(buffer.span)
    }

    /// Lends the address for a call into C.
    @unsafe
    borrowing func withPointer<R, E: Error>(_ body: (UnsafePointer<UInt8>) throws(E) -> R) throws(E) -> R {
        try unsafe body(memory)
    }
}
