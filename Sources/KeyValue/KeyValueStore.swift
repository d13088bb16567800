internal import CLevelDB
internal import Synchronization

/// An ordered map from bytes to bytes on disk, written in batches that hold whole or not at all.
///
/// Every call blocks on the disk: use it from an actor on a `BlockingThreadExecutor`. A synced write is durable when it
/// returns; a lazy one survives the end of the process, and the loss of power only after the next synced one.
package final class KeyValueStore: Sendable {
    /// How a store is opened.
    package struct Options: Sendable {
        /// Make a new store when there is none.
        package var createsIfMissing = true
        /// Refuse a store with any damage, instead of losing what is damaged.
        package var isParanoid = true
        /// Memory for blocks read from disk.
        package var cacheByteCount = 32 << 20
        /// Memory for what was written and not sorted into files yet; twice this is used at times.
        package var writeBufferByteCount = 16 << 20
        /// Filter that spares reads for absent keys: 10 bits let 1 % through; 0 is none.
        package var bloomBitsPerKey = 10
        package var openFileCountMax = 512
        /// Snappy; off suits what is hashes and ciphertext.
        package var isCompressed = true
        package init() {}
    }

    private let handle: Mutex<DatabaseHandle?>

    /// Opens the store in the directory `path`; LevelDB replays what a crash left in its log.
    ///
    /// - Throws: `locked` when it is open already, `missing`, `corrupt`, `permissionDenied`, `inputOutput`.
    package init(path: String, options: Options = Options()) throws(KeyValueError) {
        handle = Mutex(try DatabaseHandle(path: path, options: options))
    }

    /// Lets go of the store. It really closes when cursors and snapshots taken from it are gone as well; any further
    /// call throws `closed`.
    package func close() {
        // The handle's end joins LevelDB's thread, so it must not happen under the lock.
        let last = handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
        withExtendedLifetime(last) {}
    }

    /// The value of a key, or nil.
    package func value(for key: [UInt8]) throws(KeyValueError) -> [UInt8]? { try unsafe open().value(for: key) }

    /// Makes all changes of the batch or none.
    package func write(_ batch: WriteBatch, synced: Bool) throws(KeyValueError) {
        try open().write(batch, synced: synced)
    }

    /// Walks the keys of a range as they stand now; later writes are not seen.
    package func cursor(
        over range: KeyRange = .all, _ direction: KeyValueCursor.Direction = .ascending
    ) throws(KeyValueError) -> KeyValueCursor {
        try KeyValueCursor(open(), snapshot: nil, range: range, direction: direction)
    }

    /// At most `limit` entries of a range.
    package func entries(
        in range: KeyRange, limit: Int, _ direction: KeyValueCursor.Direction = .ascending
    ) throws(KeyValueError) -> [KeyValueCursor.Entry] {
        try cursor(over: range, direction).take(limit)
    }

    /// The store as it stands now, for several reads that must agree.
    package func snapshot() throws(KeyValueError) -> KeyValueSnapshot { try KeyValueSnapshot(open()) }

    /// Rewrites the files of a range without what was deleted or replaced; takes time.
    package func compact(_ range: KeyRange = .all) throws(KeyValueError) {
        let handle = try open()
        unsafe DatabaseHandle.withBytes(range.lower) { lower in
            guard let upper = range.upper else {
                return unsafe leveldb_compact_range(handle.database, lower, range.lower.count, nil, 0)
            }
            unsafe DatabaseHandle.withBytes(upper) {
                unsafe leveldb_compact_range(handle.database, lower, range.lower.count, $0, upper.count)
            }
        }
    }

    /// Bytes on disk for a range, roughly, without what is still in memory.
    package func approximateByteCount(of range: KeyRange = .all) throws(KeyValueError) -> Int {
        let handle = try open()
        let upper = range.upper ?? [UInt8](repeating: 0xff, count: 64)
        var size: UInt64 = 0
        unsafe DatabaseHandle.withBytes(range.lower) { lowerBytes in
            unsafe DatabaseHandle.withBytes(upper) { upperBytes in
                var (lowerBytes, upperBytes) = unsafe (lowerBytes, upperBytes)
                var (lowerCount, upperCount) = (range.lower.count, upper.count)
                unsafe leveldb_approximate_sizes(
                    handle.database, 1, &lowerBytes, &lowerCount, &upperBytes, &upperCount, &size)
            }
        }
        return Int(clamping: size)
    }

    /// LevelDB's own table of levels, sizes and compactions, for an operator to read.
    package func report() throws(KeyValueError) -> String {
        let handle = try open()
        guard let text = unsafe leveldb_property_value(handle.database, "leveldb.stats") else { return "" }
        defer { unsafe leveldb_free(text) }
        return unsafe String(cString: text)
    }

    /// Saves what can be saved of a damaged store that nobody has open. Afterwards it opens; entries may be missing.
    package static func repair(path: String) throws(KeyValueError) {
        let settings = unsafe leveldb_options_create()
        defer { unsafe leveldb_options_destroy(settings) }
        var message: UnsafeMutablePointer<CChar>?
        unsafe leveldb_repair_db(settings, path, &message)
        if let error = unsafe DatabaseHandle.take(message) { throw error }
    }

    private func open() throws(KeyValueError) -> DatabaseHandle {
        guard let handle = handle.withLock({ handle in handle }) else { throw .closed }
        return handle
    }
}
