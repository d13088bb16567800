internal import CLevelDB

/// The store as it stood at one moment. Costs disk space for as long as it is held: what is replaced meanwhile stays.
///
/// The pointers never change and LevelDB allows reads from several threads, so it may be shared.
@safe
package final class KeyValueSnapshot: @unchecked Sendable {
    let handle: DatabaseHandle
    private let snapshot: OpaquePointer
    let readOptions: OpaquePointer

    init(_ handle: DatabaseHandle) throws(KeyValueError) {
        guard let readOptions = unsafe leveldb_readoptions_create() else { throw .inputOutput }
        guard let snapshot = unsafe leveldb_create_snapshot(handle.database) else {
            unsafe leveldb_readoptions_destroy(readOptions)
            throw .inputOutput
        }
        unsafe leveldb_readoptions_set_verify_checksums(readOptions, 1)
        unsafe leveldb_readoptions_set_snapshot(readOptions, snapshot)
        self.handle = handle
        unsafe self.snapshot = snapshot
        unsafe self.readOptions = readOptions
    }

    deinit {
        unsafe leveldb_readoptions_destroy(readOptions)
        unsafe leveldb_release_snapshot(handle.database, snapshot)
    }

    /// The value the key had, or nil.
    package func value(for key: [UInt8]) throws(KeyValueError) -> [UInt8]? {
        try unsafe handle.value(for: key, options: readOptions)
    }

    /// Walks the keys of a range as they stood.
    package func cursor(
        over range: KeyRange = .all, _ direction: KeyValueCursor.Direction = .ascending
    ) throws(KeyValueError) -> KeyValueCursor {
        try KeyValueCursor(handle, snapshot: self, range: range, direction: direction)
    }
}
