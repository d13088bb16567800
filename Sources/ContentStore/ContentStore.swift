import Crypto
package import EventLoop
import KeyValue
package import Primitives
package import Wire

/// Content blocks in LevelDB, on a thread of their own.
///
/// Three kinds of keys: `b` ‖ CID → bytes; `t` ‖ recording ‖ epoch ‖ role ‖ index ‖ CID → size ‖ payer; and `c` ‖ CID ‖
/// recording ‖ epoch ‖ role ‖ index → nothing, which finds the tags of a block. Numbers are big-endian, so the order of
/// keys is that of tags. Sums are made anew from the tags at each start, so no counter can be wrong after a crash.
package actor ContentStore: ContentStoring {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private nonisolated let executor: BlockingThreadExecutor
    private let store: KeyValueStore
    private let limits: ContentLimits
    private var byteCounts: [MemberID: UInt64] = [:]
    private var byteCount: UInt64 = 0
    private var blockCount = 0
    private var hash = SHA256()

    /// Opens the store in the directory `path`, or makes it, and counts what is there.
    /// - Throws: `ContentStoreError.damaged` or `.unavailable`.
    package init(
        path: String, limits: ContentLimits = ContentLimits(), on executor: BlockingThreadExecutor
    ) throws(ContentStoreError) {
        self.executor = executor
        self.limits = limits
        var options = KeyValueStore.Options()
        options.isCompressed = false
        do throws(KeyValueError) {
            store = try KeyValueStore(path: path, options: options)
            let cursor = try store.cursor(over: .prefix([TagKey.prefix]))
            while let entry = try cursor.next() {
                guard let block = TagKey.block(entry.key, entry.value) else { throw .corrupt }
                byteCounts[block.payer, default: 0] += UInt64(block.size)
                byteCount += UInt64(block.size)
                blockCount += 1
            }
        } catch {
            throw Self.failure(error)
        }
    }

    /// Closes the store and ends its thread; nothing may be asked afterwards.
    package func close() {
        store.close()
        executor.stop()
    }

    // MARK: Writing

    package func put(_ block: ContentBlock) throws(ContentStoreError) {
        try check(block)
        let key = TagKey.key(block.tag, block.cid)
        guard try value(key) == nil else { return }
        try makeRoom(for: block, instead: nil)
        var batch = WriteBatch()
        add(block, to: &batch)
        try write(batch)
        account(block.payer, adding: block.content.count)
    }

    package func replace(_ old: KeptBlock, with block: ContentBlock) throws(ContentStoreError) {
        let block = ContentBlock(cid: block.cid, tag: block.tag, payer: old.payer, content: block.content)
        try check(block)
        guard old.cid != block.cid || old.tag != block.tag else { return }
        let stood = try stored(old.cid, old.tag)
        let isNew = try value(TagKey.key(block.tag, block.cid)) == nil
        if isNew { try makeRoom(for: block, instead: stood) }
        var batch = WriteBatch()
        if let stood { try remove(stood, from: &batch, keeping: block.cid) }
        if isNew { add(block, to: &batch) }
        try write(batch)
        if let stood { account(stood.payer, removing: stood.size) }
        if isNew { account(block.payer, adding: block.content.count) }
    }

    package func drop(_ cid: CID, _ tag: BlockTag) throws(ContentStoreError) {
        guard let block = try stored(cid, tag) else { return }
        var batch = WriteBatch()
        try remove(block, from: &batch, keeping: nil)
        try write(batch)
        account(block.payer, removing: block.size)
    }

    @discardableResult
    package func drop(
        _ recording: RecordingID, epochs: ClosedRange<RightsEpoch>, roles: Set<BlockRole>
    ) throws(ContentStoreError) -> Int {
        var count = 0
        var place = TagKey.start(of: recording, epochs.lowerBound, BlockRole.shard, 0)
        while true {
            let found = try list(KeyRange(from: place, upTo: TagKey.end(of: recording)), limit: 256)
            guard let last = found.last else { return count }
            for block in found where epochs.contains(block.tag.epoch) && roles.contains(block.tag.role) {
                try drop(block.cid, block.tag)
                count += 1
            }
            if last.tag.epoch > epochs.upperBound { return count }
            place = TagKey.key(last.tag, last.cid) + [0]
        }
    }

    // MARK: Reading

    package func content(of cid: CID) throws(ContentStoreError) -> [UInt8]? {
        guard let content = try value(Self.blockKey(cid)) else { return nil }
        guard hash.digest(content) == cid.digest else { throw .damaged }
        return content
    }

    package func tags(of cid: CID) throws(ContentStoreError) -> [BlockTag] {
        let entries = try entries(.prefix(CIDKey.start(of: cid)), limit: .max)
        var tags: [BlockTag] = []
        for entry in entries {
            guard let tag = CIDKey.tag(entry.key) else { throw .damaged }
            tags.append(tag)
        }
        return tags
    }

    package func blocks(
        of recording: RecordingID, epoch: RightsEpoch, from role: BlockRole, index: UInt64, limit: Int
    ) throws(ContentStoreError) -> [KeptBlock] {
        try list(
            KeyRange(
                from: TagKey.start(of: recording, epoch, role, index),
                upTo: TagKey.start(of: recording, epoch.next, BlockRole.shard, 0)), limit: limit)
    }

    package func all(after place: KeptBlock?, limit: Int) throws(ContentStoreError) -> [KeptBlock] {
        let start = place.map { TagKey.key($0.tag, $0.cid) + [0] } ?? [TagKey.prefix]
        return try list(KeyRange(from: start, upTo: [TagKey.prefix + 1]), limit: limit)
    }

    package func usage() -> ContentUsage {
        ContentUsage(blockCount: blockCount, byteCount: byteCount, byteCountMax: limits.byteCountMax)
    }

    package func byteCount(of payer: MemberID) -> UInt64 { byteCounts[payer] ?? 0 }

    // MARK: Steps

    private func check(_ block: ContentBlock) throws(ContentStoreError) {
        guard (1...ContentBlock.byteCountMax).contains(block.content.count),
            hash.digest(block.content) == block.cid.digest
        else { throw .badBlock }
    }

    private func makeRoom(for block: ContentBlock, instead: KeptBlock?) throws(ContentStoreError) {
        let size = UInt64(block.content.count)
        let freed = UInt64(instead?.size ?? 0)
        guard byteCount - freed + size <= limits.byteCountMax else { throw .full }
        let own = byteCounts[block.payer] ?? 0
        let freedOwn = instead?.payer == block.payer ? freed : 0
        guard own - freedOwn + size <= limits.byteCountPerPayerMax else { throw .shareUsedUp }
    }

    private func add(_ block: ContentBlock, to batch: inout WriteBatch) {
        batch.put(Self.blockKey(block.cid), block.content)
        batch.put(TagKey.key(block.tag, block.cid), TagKey.value(size: block.content.count, payer: block.payer))
        batch.put(CIDKey.key(block.cid, block.tag), [])
    }

    private func remove(
        _ block: KeptBlock, from batch: inout WriteBatch, keeping kept: CID?
    ) throws(ContentStoreError) {
        batch.delete(TagKey.key(block.tag, block.cid))
        batch.delete(CIDKey.key(block.cid, block.tag))
        let others = try entries(.prefix(CIDKey.start(of: block.cid)), limit: 2)
        if others.count < 2, block.cid != kept { batch.delete(Self.blockKey(block.cid)) }
    }

    private func account(_ payer: MemberID, adding size: Int) {
        byteCounts[payer, default: 0] += UInt64(size)
        byteCount += UInt64(size)
        blockCount += 1
    }

    private func account(_ payer: MemberID, removing size: Int) {
        let left = (byteCounts[payer] ?? 0) - UInt64(size)
        byteCounts[payer] = left == 0 ? nil : left
        byteCount -= UInt64(size)
        blockCount -= 1
    }

    private func stored(_ cid: CID, _ tag: BlockTag) throws(ContentStoreError) -> KeptBlock? {
        let key = TagKey.key(tag, cid)
        guard let value = try value(key) else { return nil }
        guard let block = TagKey.block(key, value) else { throw .damaged }
        return block
    }

    private func list(_ range: KeyRange, limit: Int) throws(ContentStoreError) -> [KeptBlock] {
        var blocks: [KeptBlock] = []
        for entry in try entries(range, limit: limit) {
            guard let block = TagKey.block(entry.key, entry.value) else { throw .damaged }
            blocks.append(block)
        }
        return blocks
    }

    private func value(_ key: [UInt8]) throws(ContentStoreError) -> [UInt8]? {
        do throws(KeyValueError) { return try store.value(for: key) } catch { throw Self.failure(error) }
    }

    private func entries(_ range: KeyRange, limit: Int) throws(ContentStoreError) -> [KeyValueCursor.Entry] {
        do throws(KeyValueError) {
            return try store.entries(in: range, limit: limit)
        } catch {
            throw Self.failure(error)
        }
    }

    private func write(_ batch: WriteBatch) throws(ContentStoreError) {
        do throws(KeyValueError) { try store.write(batch, synced: true) } catch { throw Self.failure(error) }
    }

    private static func blockKey(_ cid: CID) -> [UInt8] { [0x62] + cid.bytes }

    private static func failure(_ error: KeyValueError) -> ContentStoreError {
        switch error {
        case .corrupt: .damaged
        case .diskFull: .full
        case .locked, .missing, .permissionDenied, .inputOutput, .closed: .unavailable
        }
    }
}
