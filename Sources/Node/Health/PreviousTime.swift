import Primitives
import Synchronization

/// The time of the block before, kept for whoever is called with the next.
final class PreviousTime: Sendable {
    private let time = Mutex<Timestamp?>(nil)

    /// Puts a time in the place of the one before.
    func exchange(_ next: Timestamp) -> Timestamp? {
        time.withLock { time in
            defer { time = next }
            return time
        }
    }
}
