internal import CLevelDB

/// A walk over the keys of a range, upwards or downwards. Belongs to one actor; the store stays open while it lives.
@safe
package final class KeyValueCursor {
    /// The order in which keys come.
    package enum Direction: Sendable { case ascending, descending }

    /// A key and its value.
    package struct Entry: Equatable, Sendable {
        package let key: [UInt8]
        package let value: [UInt8]
    }

    private let handle: DatabaseHandle
    private let snapshot: KeyValueSnapshot?
    private let range: KeyRange
    private let direction: Direction
    private let ownOptions: OpaquePointer?
    private let iterator: OpaquePointer

    init(
        _ handle: DatabaseHandle, snapshot: KeyValueSnapshot?, range: KeyRange, direction: Direction
    ) throws(KeyValueError) {
        let ownOptions = unsafe snapshot == nil ? leveldb_readoptions_create() : nil
        if let ownOptions = unsafe ownOptions {
            unsafe leveldb_readoptions_set_verify_checksums(ownOptions, 1)
            unsafe leveldb_readoptions_set_fill_cache(ownOptions, 0)
        }
        guard let iterator = unsafe leveldb_create_iterator(handle.database, ownOptions ?? snapshot?.readOptions) else {
            throw .inputOutput
        }
        self.handle = handle
        self.snapshot = snapshot
        self.range = range
        self.direction = direction
        unsafe self.ownOptions = ownOptions
        unsafe self.iterator = iterator
        seekToStart()
    }

    deinit {
        unsafe leveldb_iter_destroy(iterator)
        if let options = unsafe ownOptions { unsafe leveldb_readoptions_destroy(options) }
    }

    /// The next entry, or nil at the end of the range.
    ///
    /// - Throws: `corrupt` or `inputOutput`; an end without an error is the real end.
    package func next() throws(KeyValueError) -> Entry? {
        guard unsafe leveldb_iter_valid(iterator) != 0 else {
            var message: UnsafeMutablePointer<CChar>?
            unsafe leveldb_iter_get_error(iterator, &message)
            if let error = unsafe DatabaseHandle.take(message) { throw error }
            return nil
        }
        var length = 0
        let keyBytes = unsafe leveldb_iter_key(iterator, &length)
        let key = unsafe [UInt8](UnsafeRawBufferPointer(start: keyBytes, count: length))
        guard range.contains(key) else { return nil }
        let valueBytes = unsafe leveldb_iter_value(iterator, &length)
        let value = unsafe [UInt8](UnsafeRawBufferPointer(start: valueBytes, count: length))
        switch direction {
        case .ascending: unsafe leveldb_iter_next(iterator)
        case .descending: unsafe leveldb_iter_prev(iterator)
        }
        return Entry(key: key, value: value)
    }

    /// At most `limit` of the entries still to come.
    package func take(_ limit: Int) throws(KeyValueError) -> [Entry] {
        var entries: [Entry] = []
        while entries.count < limit, let entry = try next() { entries.append(entry) }
        return entries
    }

    private func seekToStart() {
        switch (direction, range.upper) {
        case (.ascending, _): seek(range.lower)
        case (.descending, nil): unsafe leveldb_iter_seek_to_last(iterator)
        case (.descending, let upper?):
            // LevelDB seeks the first key at or after; the one before that is the last below the bound.
            seek(upper)
            if unsafe leveldb_iter_valid(iterator) != 0 {
                unsafe leveldb_iter_prev(iterator)
            } else {
                unsafe leveldb_iter_seek_to_last(iterator)
            }
        }
    }

    private func seek(_ key: [UInt8]) {
        unsafe DatabaseHandle.withBytes(key) { unsafe leveldb_iter_seek(iterator, $0, key.count) }
    }
}
