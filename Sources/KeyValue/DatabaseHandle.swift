internal import CLevelDB

/// The open database; closed when the last user lets go: the store, a snapshot, a cursor.
///
/// LevelDB allows all its calls from several threads at once, so the pointers, which never change, may be shared.
@safe
final class DatabaseHandle: @unchecked Sendable {
    let database: OpaquePointer
    private let cache: OpaquePointer
    private let filter: OpaquePointer?
    private let readOptions: OpaquePointer
    private let syncedWrite: OpaquePointer
    private let lazyWrite: OpaquePointer

    init(path: String, options: KeyValueStore.Options) throws(KeyValueError) {
        let settings = unsafe leveldb_options_create()
        defer { unsafe leveldb_options_destroy(settings) }
        guard let cache = unsafe leveldb_cache_create_lru(options.cacheByteCount),
            let readOptions = unsafe leveldb_readoptions_create(),
            let syncedWrite = unsafe leveldb_writeoptions_create(),
            let lazyWrite = unsafe leveldb_writeoptions_create()
        else { throw .inputOutput }
        let filter =
            unsafe options.bloomBitsPerKey > 0
            ? leveldb_filterpolicy_create_bloom(Int32(options.bloomBitsPerKey)) : nil
        unsafe leveldb_options_set_create_if_missing(settings, options.createsIfMissing ? 1 : 0)
        unsafe leveldb_options_set_paranoid_checks(settings, options.isParanoid ? 1 : 0)
        unsafe leveldb_options_set_write_buffer_size(settings, options.writeBufferByteCount)
        unsafe leveldb_options_set_max_open_files(settings, Int32(options.openFileCountMax))
        let compression = options.isCompressed ? leveldb_snappy_compression : leveldb_no_compression
        unsafe leveldb_options_set_compression(settings, Int32(compression))
        unsafe leveldb_options_set_cache(settings, cache)
        if let filter = unsafe filter { unsafe leveldb_options_set_filter_policy(settings, filter) }
        unsafe leveldb_readoptions_set_verify_checksums(readOptions, 1)
        unsafe leveldb_writeoptions_set_sync(syncedWrite, 1)
        var message: UnsafeMutablePointer<CChar>?
        guard let database = unsafe leveldb_open(settings, path, &message) else {
            unsafe leveldb_writeoptions_destroy(lazyWrite)
            unsafe leveldb_writeoptions_destroy(syncedWrite)
            unsafe leveldb_readoptions_destroy(readOptions)
            if let filter = unsafe filter { unsafe leveldb_filterpolicy_destroy(filter) }
            unsafe leveldb_cache_destroy(cache)
            throw unsafe Self.take(message) ?? .inputOutput
        }
        unsafe self.database = database
        unsafe self.cache = cache
        unsafe self.filter = filter
        unsafe self.readOptions = readOptions
        unsafe self.syncedWrite = syncedWrite
        unsafe self.lazyWrite = lazyWrite
    }

    deinit {
        unsafe leveldb_close(database)
        unsafe leveldb_writeoptions_destroy(lazyWrite)
        unsafe leveldb_writeoptions_destroy(syncedWrite)
        unsafe leveldb_readoptions_destroy(readOptions)
        if let filter = unsafe filter { unsafe leveldb_filterpolicy_destroy(filter) }
        unsafe leveldb_cache_destroy(cache)
    }

    /// Reads with the store's own options, or those of a snapshot.
    func value(for key: [UInt8], options: OpaquePointer? = nil) throws(KeyValueError) -> [UInt8]? {
        var length = 0
        var message: UnsafeMutablePointer<CChar>?
        let value = unsafe Self.withBytes(key) { bytes in
            unsafe leveldb_get(database, options ?? readOptions, bytes, key.count, &length, &message)
        }
        if let error = unsafe Self.take(message) { throw error }
        guard let value = unsafe value else { return nil }
        defer { unsafe leveldb_free(value) }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: value, count: length))
    }

    func write(_ batch: WriteBatch, synced: Bool) throws(KeyValueError) {
        let changes = unsafe leveldb_writebatch_create()
        defer { unsafe leveldb_writebatch_destroy(changes) }
        for operation in batch.operations {
            switch operation {
            case .put(let key, let value):
                unsafe Self.withBytes(key) { keyBytes in
                    unsafe Self.withBytes(value) { valueBytes in
                        unsafe leveldb_writebatch_put(changes, keyBytes, key.count, valueBytes, value.count)
                    }
                }
            case .delete(let key):
                unsafe Self.withBytes(key) { unsafe leveldb_writebatch_delete(changes, $0, key.count) }
            }
        }
        var message: UnsafeMutablePointer<CChar>?
        unsafe leveldb_write(database, synced ? syncedWrite : lazyWrite, changes, &message)
        if let error = unsafe Self.take(message) { throw error }
    }

    /// Lends the bytes as LevelDB wants them.
    static func withBytes<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { unsafe body($0.baseAddress) }
        }
    }

    /// Turns LevelDB's message into an error and frees it.
    static func take(_ message: UnsafeMutablePointer<CChar>?) -> KeyValueError? {
        guard let message = unsafe message else { return nil }
        defer { unsafe leveldb_free(message) }
        return KeyValueError(message: unsafe String(cString: message))
    }
}
