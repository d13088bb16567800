internal import CSodium
internal import Synchronization

/// Places of 64 bytes for secrets, cut from pages that are locked in memory and lie between guard pages.
///
/// A page of its own for each secret would cost twenty times as much time as the secret's use, and use up the limit of
/// locked memory with a few hundred keys; a place costs a lock. Places are wiped when they come back and given out
/// again; pages stay until the process ends, as many as were needed at once.
enum LockedArena {
    static let placeByteCount = 64
    private static let pageByteCount = 4096
    private static let free = Mutex<[Place]>([])

    /// A free place. `@unchecked Sendable`: an address that nobody uses but its one holder.
    @safe
    private struct Place: @unchecked Sendable {
        let address: UnsafeMutablePointer<UInt8>
    }

    /// Memory that nobody else has, its contents undefined. What is larger than a place gets pages of its own.
    @unsafe
    static func take(_ byteCount: Int) -> UnsafeMutablePointer<UInt8> {
        guard byteCount <= placeByteCount else { return unsafe pages(byteCount) }
        if let place = free.withLock({ $0.popLast() }) { return unsafe place.address }
        let start = unsafe pages(pageByteCount)
        let others = stride(from: placeByteCount, to: pageByteCount, by: placeByteCount).map { offset in
            unsafe Place(address: start.advanced(by: offset))
        }
        free.withLock { $0.append(contentsOf: others) }
        return unsafe start
    }

    /// Wipes what `take` gave for the same count, and takes it back.
    @unsafe
    static func giveBack(_ address: UnsafeMutablePointer<UInt8>, _ byteCount: Int) {
        guard byteCount <= placeByteCount else { return unsafe sodium_free(address) }
        unsafe sodium_memzero(address, placeByteCount)
        let place = unsafe Place(address: address)
        free.withLock { $0.append(place) }
    }

    @unsafe
    private static func pages(_ byteCount: Int) -> UnsafeMutablePointer<UInt8> {
        guard let memory = unsafe sodium_malloc(byteCount) else { preconditionFailure("no memory left for a secret") }
        return unsafe memory.assumingMemoryBound(to: UInt8.self)
    }
}
