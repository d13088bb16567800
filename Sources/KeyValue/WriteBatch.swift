/// Changes that take effect all at once or not at all. A plain value: it can be built anywhere, kept and compared.
package struct WriteBatch: Equatable, Sendable {
    /// One change; of two for one key the later holds.
    package enum Operation: Equatable, Sendable {
        case put(key: [UInt8], value: [UInt8])
        case delete(key: [UInt8])
    }

    package private(set) var operations: [Operation] = []
    /// Bytes of all keys and values.
    package private(set) var byteCount = 0

    package init() {}

    package var isEmpty: Bool { operations.isEmpty }

    package mutating func put(_ key: [UInt8], _ value: [UInt8]) {
        operations.append(.put(key: key, value: value))
        byteCount += key.count + value.count
    }

    /// Deleting what is not there is no error.
    package mutating func delete(_ key: [UInt8]) {
        operations.append(.delete(key: key))
        byteCount += key.count
    }

    package mutating func append(_ other: WriteBatch) {
        operations.append(contentsOf: other.operations)
        byteCount += other.byteCount
    }
}
