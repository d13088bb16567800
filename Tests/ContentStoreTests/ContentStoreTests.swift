import ContentStore
import Crypto
import EventLoop
import KeyValue
import Primitives
import Testing
import Wire

@Suite("Content blocks on disk")
struct ContentStoreTests {
    private func open(_ directory: TemporaryDirectory, _ limits: ContentLimits = ContentLimits()) throws -> ContentStore
    {
        try ContentStore(
            path: directory.path + "/store", limits: limits, on: BlockingThreadExecutor(name: "content"))
    }

    @Test("What goes in comes out, under its CID and its tags, also after the store was opened anew")
    func reopen() async throws {
        let directory = try TemporaryDirectory()
        let first = try open(directory)
        let blocks = (0..<20).map { block($0, epoch: 1) }
        for block in blocks { try await first.put(block) }
        let usage = await first.usage()
        await first.close()
        let second = try open(directory)
        #expect(await second.usage() == usage)
        #expect(usage.blockCount == 20)
        for block in blocks {
            #expect(try await second.content(of: block.cid) == block.content)
            #expect(try await second.tags(of: block.cid) == [block.tag])
        }
        #expect(try await second.content(of: block(99, epoch: 1).cid) == nil)
        #expect(try await second.tags(of: block(99, epoch: 1).cid).isEmpty)
        await second.close()
    }

    @Test("A store lists the blocks of one recording and rights epoch in order, part by part")
    func listing() async throws {
        let directory = try TemporaryDirectory()
        let store = try open(directory)
        for index in [9, 2, 300, 4] { try await store.put(block(index, epoch: 2)) }
        try await store.put(block(5, epoch: 1))
        try await store.put(block(6, epoch: 3))
        try await store.put(block(0, epoch: 2, role: .page))
        try await store.put(block(1, epoch: 2, recording: 8))
        let all = try await store.blocks(of: recording(1), epoch: RightsEpoch(2), from: .shard, index: 0, limit: 99)
        #expect(all.map(\.tag.index) == [2, 4, 9, 300, 0])
        #expect(all.map(\.tag.role) == [.shard, .shard, .shard, .shard, .page])
        let rest = try await store.blocks(of: recording(1), epoch: RightsEpoch(2), from: .shard, index: 5, limit: 2)
        #expect(rest.map(\.tag.index) == [9, 300])
        var seen: [KeptBlock] = []
        while let more = Optional(try await store.all(after: seen.last, limit: 3)), !more.isEmpty { seen += more }
        #expect(seen.count == 8)
        #expect(Set(seen).count == 8)
        await store.close()
    }

    @Test("Bytes that are not those of the CID, none, or too many are refused")
    func badBlocks() async throws {
        let directory = try TemporaryDirectory()
        let store = try open(directory)
        let good = block(1, epoch: 1)
        var changed = good.content
        changed[0] ^= 1
        let contents = [changed, [], Array(repeating: 7, count: ContentBlock.byteCountMax + 1)]
        for content in contents {
            let bad = ContentBlock(cid: good.cid, tag: good.tag, payer: good.payer, content: content)
            await #expect(throws: ContentStoreError.badBlock) { try await store.put(bad) }
        }
        let largest = Array(repeating: UInt8(7), count: ContentBlock.byteCountMax)
        try await store.put(
            ContentBlock(cid: CID(.raw, SHA256.hash(largest)), tag: good.tag, payer: good.payer, content: largest))
        #expect(await store.usage().byteCount == UInt64(ContentBlock.byteCountMax))
        await store.close()
    }

    @Test("The whole and each member's share are bounded; a repeated block is free; what goes makes room")
    func bounds() async throws {
        let directory = try TemporaryDirectory()
        var limits = ContentLimits()
        limits.byteCountMax = 500
        limits.byteCountPerPayerMax = 300
        let store = try open(directory, limits)
        for index in 0..<3 { try await store.put(block(index, epoch: 1, payer: 1)) }
        for _ in 0..<3 { try await store.put(block(2, epoch: 1, payer: 1)) }
        await #expect(throws: ContentStoreError.shareUsedUp) { try await store.put(block(3, epoch: 1, payer: 1)) }
        for index in 4..<6 { try await store.put(block(index, epoch: 1, payer: 2)) }
        await #expect(throws: ContentStoreError.full) { try await store.put(block(6, epoch: 1, payer: 2)) }
        #expect(await store.byteCount(of: member(1)) == 300)
        #expect(await store.byteCount(of: member(2)) == 200)
        let first = block(0, epoch: 1, payer: 1)
        try await store.drop(first.cid, first.tag)
        try await store.put(block(6, epoch: 1, payer: 2))
        #expect(await store.usage().byteCount == 500)
        // A replaced block's room counts as free.
        let old = stored(block(6, epoch: 1, payer: 2))
        try await store.replace(old, with: block(7, epoch: 1, payer: 9))
        #expect(await store.usage().byteCount == 500)
        #expect(await store.byteCount(of: member(9)) == 0)
        #expect(await store.byteCount(of: member(2)) == 300)
        await store.close()
    }

    @Test("A block under two tags goes with the second")
    func sharedBlock() async throws {
        let directory = try TemporaryDirectory()
        let store = try open(directory)
        let first = block(1, epoch: 1)
        let tag = BlockTag(recording: recording(2), epoch: RightsEpoch(4), role: .page, index: 3)
        try await store.put(first)
        try await store.put(ContentBlock(cid: first.cid, tag: tag, payer: first.payer, content: first.content))
        #expect(try await store.tags(of: first.cid) == [first.tag, tag])
        try await store.drop(first.cid, first.tag)
        #expect(try await store.content(of: first.cid) == first.content)
        try await store.drop(first.cid, tag)
        try await store.drop(first.cid, tag)
        #expect(try await store.content(of: first.cid) == nil)
        #expect(await store.usage().blockCount == 0)
        await store.close()
    }

    @Test("A rotation replaces each block, and an epoch that is over is dropped whole")
    func rotation() async throws {
        let directory = try TemporaryDirectory()
        let store = try open(directory)
        for index in 0..<600 { try await store.put(block(index, epoch: 1)) }
        try await store.put(block(0, epoch: 0, role: .wraps))
        for index in 0..<300 {
            try await store.replace(stored(block(index, epoch: 1)), with: block(index, epoch: 2))
        }
        #expect(await store.usage().blockCount == 601)
        #expect(try await store.content(of: block(5, epoch: 1).cid) == nil)
        let dropped = try await store.drop(
            recording(1), epochs: RightsEpoch(1)...RightsEpoch(1), roles: [.shard, .page])
        #expect(dropped == 300)
        let left = try await store.all(after: nil, limit: 1_000)
        #expect(left.count == 301)
        #expect(left.first?.tag.role == .wraps)
        await store.close()
    }

    @Test("Bytes that changed on disk are not given out")
    func damage() async throws {
        let directory = try TemporaryDirectory()
        let block = block(1, epoch: 1)
        let store = try open(directory)
        try await store.put(block)
        await store.close()
        let raw = try KeyValueStore(path: directory.path + "/store")
        var batch = WriteBatch()
        batch.put([0x62] + block.cid.bytes, Array(repeating: 0, count: 100))
        try raw.write(batch, synced: true)
        raw.close()
        let again = try open(directory)
        await #expect(throws: ContentStoreError.damaged) { try await again.content(of: block.cid) }
        await again.close()
    }
}

private func recording(_ byte: UInt64) -> RecordingID { RecordingID(raw: Bytes32(words: (byte, 0, 0, 0))) }
private func member(_ byte: UInt64) -> MemberID { MemberID(raw: Bytes32(words: (byte, 0, 0, 1))) }

/// 100 bytes that no other index, epoch or role has.
private func block(
    _ index: Int, epoch: UInt64, role: BlockRole = .shard, recording number: UInt64 = 1, payer: UInt64 = 1
) -> ContentBlock {
    var content = Array("\(index)/\(epoch)/\(role)/\(number)".utf8)
    content += Array(repeating: 0xaa, count: 100 - content.count)
    return ContentBlock(
        cid: CID(.raw, SHA256.hash(content)),
        tag: BlockTag(
            recording: recording(number), epoch: RightsEpoch(epoch), role: role, index: UInt64(index)),
        payer: member(payer), content: content)
}

private func stored(_ block: ContentBlock) -> KeptBlock {
    KeptBlock(cid: block.cid, tag: block.tag, payer: block.payer, size: block.content.count)
}
