/// Why a recording, or a part of one, was refused.
package enum RecordingError: Error, Equatable, Sendable {
    /// A collection or a size is above the limit named in the code.
    case limitExceeded(limit: UInt64)
    /// A hash, a root, a count or a name is not the one that was promised.
    case mismatch
    /// A position, a group or a shard that is not there.
    case notFound
    /// Something comes before what it follows.
    case outOfOrder
}
