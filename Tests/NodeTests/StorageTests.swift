import Foundation
import KeyValue
import Ledger
import Node
import Primitives
import Testing
import Wire

@Suite("A node's store", .timeLimit(.minutes(2)))
struct StorageTests {
    @Test("Blocks move to segment files, and are the same there, also after the store was opened again")
    func moving() throws {
        let filled = try FilledStore(FilledStore.small)
        try filled.fill(blocks: 12)
        #expect(filled.segments.count > 2)
        let before = try (1...12).map { try #require(try filled.store.block(at: Height(UInt64($0)))).encoded }
        try filled.reopen()
        let after = try (1...12).map { try #require(try filled.store.block(at: Height(UInt64($0)))).encoded }
        #expect(before == after)
        try filled.fill(blocks: 3)
        let report = try filled.verify()
        #expect(report.blocks == 15)
        #expect(report.executedBlocks == 15)
        #expect(report.prunedBlocks == 0)
    }

    @Test("Blocks that have not moved are there as well, and move when enough have gathered")
    func gathering() throws {
        let filled = try FilledStore()
        try filled.fill(blocks: 5)
        #expect(filled.segments.isEmpty)
        #expect(try filled.verify().blocks == 5)
        filled.settings.moveByteCount = 1
        try filled.reopen()
        try filled.fill(blocks: 1)
        #expect(filled.segments.count == 1)
        #expect(try filled.verify().blocks == 6)
    }

    @Test("What a crash left behind the last known entry is cut off, and the store goes on")
    func tornTail() throws {
        let filled = try FilledStore(FilledStore.small)
        filled.settings.segmentByteCount = 1 << 20
        try filled.reopen()
        try filled.fill(blocks: 3)
        let file = filled.path + "/blocks/" + (try #require(filled.segments.last))
        let whole = try Data(contentsOf: URL(filePath: file))
        for tail in [1, 27, 28, 500] {
            filled.close()
            try (whole + Data(repeating: 7, count: tail)).write(to: URL(filePath: file))
            // A file that was begun and never referred to.
            try Data("sottoseg".utf8).write(to: URL(filePath: filled.path + "/blocks/00000000000000ff.segment"))
            try filled.reopen()
            #expect(try Data(contentsOf: URL(filePath: file)) == whole)
            #expect(filled.segments.count == 1)
        }
        try filled.fill(blocks: 2)
        #expect(try filled.verify().blocks == 5)
    }

    @Test("A file that lost what was on the disk is named, and the store does not open")
    func lostTail() throws {
        let filled = try FilledStore(FilledStore.small)
        try filled.fill(blocks: 3)
        filled.close()
        let name = try #require(filled.segments.last)
        let url = URL(filePath: filled.path + "/blocks/" + name)
        let whole = try Data(contentsOf: url)
        try whole.dropLast(1).write(to: url)
        let error = #expect(throws: ChainStoreError.self) { try filled.reopen() }
        guard case .damagedSegment(name, _, _) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        try FileManager.default.removeItem(at: url)
        #expect(throws: ChainStoreError.missingSegment(name)) { try filled.reopen() }
    }

    @Test("A flipped bit in a segment file is found and named")
    func flippedBit() throws {
        let filled = try FilledStore(FilledStore.small)
        try filled.fill(blocks: 4)
        let name = try #require(filled.segments.first)
        let url = URL(filePath: filled.path + "/blocks/" + name)
        let whole = try Data(contentsOf: url)
        for place in [52, 60, 70, 90, whole.count - 1] {
            var broken = whole
            broken[place] ^= 0x10
            try broken.write(to: url)
            try filled.reopen()
            var found: ChainStoreError?
            for height in 1...4 {
                do throws(ChainStoreError) { _ = try filled.store.block(at: Height(UInt64(height))) } catch {
                    found = error
                }
            }
            guard case .damagedSegment(name, _, _)? = found else { return #expect(Bool(false), "byte \(place)") }
            #expect(throws: ChainVerifier.Fault.self) { try filled.verify() }
        }
    }

    @Test("Pruning deletes whole files; what is left says pruned, not broken, and still proves records and results")
    func pruning() throws {
        var settings = FilledStore.small
        let filled = try FilledStore(settings)
        try filled.fill(blocks: 40)
        let full = DurableDirectory.byteCount(of: filled.path + "/blocks")
        settings.keepBlocks = 10
        filled.settings = settings
        try filled.reopen()
        try filled.fill(blocks: 1)
        let floor = filled.store.floor
        #expect(floor > Height(20) && floor <= Height(32))
        #expect(DurableDirectory.byteCount(of: filled.path + "/blocks") < full / 2)
        #expect(throws: ChainStoreError.pruned(Height(1))) { try filled.store.block(at: Height(1)) }
        #expect(try filled.store.block(at: Height(99)) == nil)
        #expect(filled.store.finalityProof(of: Height(1)) != nil)
        #expect(try filled.store.position(of: filled.ids[0])?.code == TransactionResult.succeeded.code)
        for _ in 0..<2 {
            let report = try filled.verify()
            #expect(report.blocks == 41)
            #expect(report.prunedBlocks == floor.rawValue - 1)
            #expect(report.executedBlocks == 0)
            #expect(report.transactions == 41 - report.prunedBlocks)
            #expect(report.logNodes == 41)
            try filled.reopen()
        }
    }

    @Test("A pruned store whose heads, log, results or state were changed does not verify")
    func prunedTampering() throws {
        var settings = FilledStore.small
        settings.keepBlocks = 5
        let tables: [(table: UInt8, what: String)] = [(0x1a, "head"), (0x14, "log"), (0x15, "state"), (0x12, "final")]
        for (table, what) in tables {
            let filled = try FilledStore(settings)
            try filled.fill(blocks: 20)
            #expect(filled.store.floor > Height(1))
            try filled.tamper { keys in
                let entry = try #require(try keys.entries(in: .prefix([table]), limit: 3).last)
                var value = entry.value
                value[value.count / 2] ^= 1
                var batch = WriteBatch()
                batch.put(entry.key, value)
                try keys.write(batch, synced: false)
            }
            try filled.reopen()
            #expect(throws: ChainVerifier.Fault.self, "\(what)") { try filled.verify() }
        }
    }

    @Test("A store that lost a commit below its tip does not open")
    func lostCommit() throws {
        let filled = try FilledStore(FilledStore.small)
        try filled.fill(blocks: 6)
        try filled.tamper { keys in
            var batch = WriteBatch()
            batch.delete([0x1a, 0, 0, 0, 0, 0, 0, 0, 4])
            try keys.write(batch, synced: true)
        }
        #expect(throws: ChainStoreError.damaged("head")) { try filled.reopen() }
    }

    @Test("Old versions of the state tree go on a full node and stay on an archive; the newest is whole on both")
    func staleNodes() throws {
        var counts: [Int] = []
        for role in StorageSettings.Role.allCases {
            var settings = FilledStore.small
            settings.role = role
            settings.keepState = 4
            let filled = try FilledStore(settings)
            try filled.fill(blocks: 30)
            #expect(try filled.verify().stateEntries > 30)
            try filled.tamper { keys in counts.append(try keys.entries(in: .prefix([0x16]), limit: .max).count) }
            try filled.reopen()
            try filled.fill(blocks: 5)
            #expect(try filled.verify().blocks == 35)
        }
        let (full, archive) = (counts[0], counts[1])
        #expect(full < archive * 3 / 4)
    }

    @Test("A store of layout 1 is taken over, whole, also when that is interrupted; a newer layout is refused")
    func layouts() throws {
        let filled = try FilledStore()
        try filled.fill(blocks: 6, transactions: 2)
        let blocks = try (1...6).map { try #require(try filled.store.block(at: Height(UInt64($0)))) }
        try filled.tamper { keys in
            var batch = WriteBatch()
            batch.put([0x00], [0, 0, 0, 0, 0, 0, 0, 1])
            for (index, block) in blocks.enumerated() {
                let height: [UInt8] = [0, 0, 0, 0, 0, 0, 0, UInt8(index + 1)]
                batch.put([0x11] + height, block.encoded)
                batch.delete([0x1a] + height)
            }
            for entry in try keys.entries(in: .prefix([0x13]), limit: .max) {
                batch.put(entry.key, Array(entry.value.prefix(12)))
            }
            for entry in try keys.entries(in: .prefix([0x20]), limit: .max) { batch.delete(entry.key) }
            try keys.write(batch, synced: true)
        }
        try filled.reopen()
        #expect(try (1...6).map { try #require(try filled.store.block(at: Height(UInt64($0)))) } == blocks)
        #expect(try filled.verify().transactions == 12)
        #expect(filled.segments.count == 1)
        #expect(try filled.store.position(of: filled.ids[5])?.height == Height(3))
        // The mark that the taking over did not end: it is done again.
        try filled.tamper { keys in
            var batch = WriteBatch()
            batch.put([0x02], [])
            try keys.write(batch, synced: true)
        }
        try filled.reopen()
        try filled.fill(blocks: 1)
        #expect(try filled.verify().transactions == 13)
        try filled.tamper { keys in
            var batch = WriteBatch()
            batch.put([0x00], [0, 0, 0, 0, 0, 0, 0, 5])
            try keys.write(batch, synced: true)
        }
        #expect(throws: ChainStoreError.newerLayout(5)) { try filled.reopen() }
    }
}
