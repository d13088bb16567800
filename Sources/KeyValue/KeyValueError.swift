/// Why the store did not do what was asked.
package enum KeyValueError: Error, Hashable, Sendable {
    /// Another process, or another part of this one, has it open.
    case locked
    /// There is no store at the path, and none was to be created.
    case missing
    /// The path cannot be read or written by this user.
    case permissionDenied
    /// The disk is full; nothing of the batch was written.
    case diskFull
    /// What is on disk is not what was written; restore from a snapshot or a peer.
    case corrupt
    /// The disk failed, or anything else of the system's.
    case inputOutput
    /// `close` was called.
    case closed

    /// LevelDB tells kinds of failure apart by text only.
    init(message: String) {
        func has(_ part: String) -> Bool { message.contains(part) }
        if message.hasPrefix("Corruption") {
            self = .corrupt
        } else if has("already held by process") || (has("lock ") && has("unavailable")) {
            self = .locked
        } else if has("No space left") || has("quota exceeded") {
            self = .diskFull
        } else if has("Permission denied") || has("Read-only file system") {
            self = .permissionDenied
        } else if has("does not exist") || has("No such file") {
            self = .missing
        } else {
            self = .inputOutput
        }
    }
}
