import Synchronization

/// A dictionary behind a lock.
final class SharedTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let values = Mutex<[Key: Value]>([:])

    func read<Result: Sendable>(_ body: (borrowing [Key: Value]) -> Result) -> Result {
        values.withLock { values in body(values) }
    }

    func update(_ body: (inout [Key: Value]) -> Void) { values.withLock { values in body(&values) } }
}
