import Glibc
import KeyValue
import Testing

@Suite(.timeLimit(.minutes(1))) struct KeyValueStoreTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.path + "/store" }
    init() throws { directory = try TemporaryDirectory() }

    private func batch(_ entries: [([UInt8], [UInt8])]) -> WriteBatch {
        var batch = WriteBatch()
        for (key, value) in entries { batch.put(key, value) }
        return batch
    }

    @Test("what was written, synced or not, is there after the store is opened again", arguments: [true, false])
    func reopen(synced: Bool) throws {
        var store = try KeyValueStore(path: path)
        var changes = batch([([1], [10]), ([2], []), ([], [3])])
        changes.put([4], [4])
        changes.delete([4])
        changes.delete([5])
        try store.write(changes, synced: synced)
        store.close()
        store = try KeyValueStore(path: path)
        #expect(try store.value(for: [1]) == [10])
        #expect(try store.value(for: [2]) == [])
        #expect(try store.value(for: []) == [3])
        #expect(try store.value(for: [4]) == nil)
    }

    @Test("a second open is refused as locked, and allowed after the close")
    func locked() throws {
        let store = try KeyValueStore(path: path)
        #expect(throws: KeyValueError.locked) { _ = try KeyValueStore(path: path) }
        store.close()
        _ = try KeyValueStore(path: path)
    }

    @Test("another process that holds the store is told apart from a failing disk")
    func lockedByProcess() async throws {
        let store = try KeyValueStore(path: path)
        await #expect(processExitsWith: .success) { [path = path as String] in
            #expect(throws: KeyValueError.locked) { _ = try KeyValueStore(path: path) }
        }
        store.close()
    }

    @Test("a store that is not there is missing when none is to be made")
    func missing() throws {
        var options = KeyValueStore.Options()
        options.createsIfMissing = false
        #expect(throws: KeyValueError.missing) { _ = try KeyValueStore(path: path, options: options) }
        #expect(throws: KeyValueError.missing) { _ = try KeyValueStore(path: directory.path + "/no/such/place") }
    }

    @Test("after the close every call says closed")
    func closed() throws {
        let store = try KeyValueStore(path: path)
        store.close()
        store.close()
        #expect(throws: KeyValueError.closed) { _ = try store.value(for: [1]) }
        #expect(throws: KeyValueError.closed) { try store.write(WriteBatch(), synced: true) }
        #expect(throws: KeyValueError.closed) { _ = try store.cursor() }
    }

    @Test("a cursor walks its range, both ways, within the bounds")
    func cursor() throws {
        let store = try KeyValueStore(path: path)
        try store.write(
            batch((0..<100).map { ([9, UInt8($0)], [UInt8($0)]) } + [([8], []), ([10], [])]), synced: false)
        let range = KeyRange(from: [9, 10], upTo: [9, 20])
        #expect(try store.entries(in: range, limit: 100).map(\.value) == (10..<20).map { [UInt8($0)] })
        let down = try store.entries(in: range, limit: 3, .descending).map(\.value)
        #expect(down == [[19], [18], [17]])
        #expect(try store.entries(in: .prefix([9]), limit: 1_000).count == 100)
        #expect(try store.entries(in: .prefix([9]), limit: 1, .descending).map(\.value) == [[99]])
        #expect(try store.entries(in: .all, limit: 1, .descending).map(\.key) == [[10]])
        #expect(try store.entries(in: .prefix([10]), limit: 9, .descending).map(\.key) == [[10]])
        #expect(try store.entries(in: .prefix([7]), limit: 9).isEmpty)
    }

    @Test("a snapshot and a cursor keep what they saw, and keep the store open")
    func snapshot() throws {
        let store = try KeyValueStore(path: path)
        try store.write(batch([([1], [1]), ([2], [2])]), synced: false)
        let snapshot = try store.snapshot()
        let cursor = try store.cursor()
        var changes = batch([([1], [9])])
        changes.delete([2])
        try store.write(changes, synced: true)
        store.close()
        #expect(try snapshot.value(for: [1]) == [1])
        #expect(try snapshot.cursor(over: .all).take(9).count == 2)
        #expect(try cursor.take(9).map(\.value) == [[1], [2]])
    }

    @Test("compaction gives disk space back")
    func compact() throws {
        var options = KeyValueStore.Options()
        options.isCompressed = false
        options.writeBufferByteCount = 1 << 20
        let store = try KeyValueStore(path: path, options: options)
        let value = [UInt8](repeating: 1, count: 1_000)
        for part in 0..<20 {
            try store.write(batch((0..<200).map { ([UInt8(part), UInt8($0)], value) }), synced: false)
        }
        try store.compact()
        #expect(try store.approximateByteCount() > 3_000_000)
        var changes = WriteBatch()
        for part in 0..<20 { for key in 0..<200 { changes.delete([UInt8(part), UInt8(key)]) } }
        try store.write(changes, synced: true)
        try store.compact()
        #expect(try store.approximateByteCount() < 100_000)
        #expect(try store.report().contains("Level"))
    }

    @Test("a torn log loses at most the batch that was being written, and never half of it")
    func tornLog() throws {
        for cut in [1, 7, 40, 90] {
            let directory = try TemporaryDirectory()
            let path = directory.path + "/store"
            let store = try KeyValueStore(path: path)
            try store.write(batch([([1], [1]), ([2], [2])]), synced: true)
            try store.write(
                batch([([3], [UInt8](repeating: 3, count: 50)), ([4], [UInt8](repeating: 4, count: 50))]), synced: true)
            store.close()
            let log = try #require(directory.files(in: "store").last { $0.hasSuffix(".log") })
            var status = stat()
            #expect(stat("\(path)/\(log)", &status) == 0)
            #expect(truncate("\(path)/\(log)", status.st_size - cut) == 0)
            var options = KeyValueStore.Options()
            options.createsIfMissing = false
            let reopened = try KeyValueStore(path: path, options: options)
            #expect(try reopened.value(for: [1]) == [1] && reopened.value(for: [2]) == [2])
            #expect(try reopened.value(for: [3]) == nil && reopened.value(for: [4]) == nil)
        }
    }

    @Test("a damaged file is corrupt, not silently shorter; repair opens it again")
    func corrupt() throws {
        let store = try KeyValueStore(path: path)
        try store.write(batch((0..<200).map { ([UInt8($0)], [UInt8](repeating: 7, count: 500)) }), synced: true)
        try store.compact()
        store.close()
        for name in directory.files(in: "store") where name.hasSuffix(".ldb") {
            let file = open("\(path)/\(name)", O_RDWR)
            var bytes = [UInt8](repeating: 0x55, count: 64)
            #expect(pwrite(file, &bytes, bytes.count, 200) == bytes.count)
            close(file)
        }
        let damaged = try KeyValueStore(path: path)
        #expect(throws: KeyValueError.corrupt) { _ = try damaged.entries(in: .all, limit: 1_000) }
        damaged.close()
        try KeyValueStore.repair(path: path)
        _ = try KeyValueStore(path: path)
    }
}
