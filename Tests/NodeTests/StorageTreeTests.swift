import Crypto
import KeyValue
import Ledger
import Node
import Primitives
import Testing

/// How the state tree, the log and the memory against replay lie on the disk.
@Suite struct StorageTreeTests {
    private static let treeNode: [UInt8] = [0x16]
    private static let staleNode: [UInt8] = [0x17]
    private static let treeChange: [UInt8] = [0x23]
    private static let settledTree: [UInt8] = [0x06]

    private static func filled(_ role: StorageSettings.Role = .full, keepState: UInt64 = 4) throws -> FilledStore {
        var settings = FilledStore.small
        settings.role = role
        settings.keepState = keepState
        return try FilledStore(settings)
    }

    private static func count(_ table: [UInt8], _ filled: FilledStore) throws -> Int {
        var count = 0
        try filled.tamper { keys in count = try keys.entries(in: .prefix(table), limit: .max).count }
        return count
    }

    /// Nodes that the tree of the store's tip has.
    private static func liveNodeCount(_ filled: FilledStore) throws -> Int {
        var count = 0
        var waiting = try filled.tip.state.map { [TreeNodeKey(version: $0.version, path: .root)] } ?? []
        while let key = waiting.popLast() {
            let node = try #require(try filled.store.node(at: key))
            count += 1
            guard case .inner(let inner) = node else { continue }
            for slot in inner.slots {
                waiting.append(TreeNodeKey(version: slot.child.version, path: key.path.appending(slot.nibble)))
            }
        }
        return count
    }

    @Test("a full node settles the tree in strides and finds every fact of the newest version, also after a start")
    func settles() throws {
        let filled = try Self.filled()
        var changes: [Int] = []
        for _ in 0..<90 {
            try filled.fill(blocks: 1)
            #expect(try filled.verify().stateEntries > 0)
        }
        for _ in 0..<3 {
            changes.append(try Self.count(Self.treeChange, filled))
            try filled.reopen()
            #expect(try filled.verify().stateEntries > 90)
            try filled.fill(blocks: 7)
        }
        // At 36 heights the first 32 are settled, at 68 the next: 22 of 90 wait, then 29, then 4 of 104.
        #expect(changes == [26, 33, 8])
        #expect(try Self.count(Self.settledTree, filled) == 1)
    }

    @Test("nodes that no kept version needs are gone from the disk, without a mark of their own")
    func pruned() throws {
        let filled = try Self.filled()
        try filled.fill(blocks: 100)
        try filled.reopen()
        let live = try Self.liveNodeCount(filled)
        let stored = try Self.count(Self.treeNode, filled)
        #expect(stored <= live)
        #expect(try Self.count(Self.staleNode, filled) == 0)
    }

    @Test("too many nodes in memory settle early")
    func crowded() throws {
        var settings = FilledStore.small
        settings.treeNodeCountMax = 40
        let filled = try FilledStore(settings)
        try filled.fill(blocks: 60)
        #expect(try (1...25).contains(Self.count(Self.treeChange, filled)))
        try filled.reopen()
        try filled.fill(blocks: 20)
        #expect(try filled.verify().blocks == 80)
        #expect(try Self.count(Self.staleNode, filled) == 0)
    }

    @Test("versions of the last heights answer, older ones do not")
    func versions() throws {
        let filled = try Self.filled(keepState: 8)
        var tips: [LedgerTip] = []
        for _ in 0..<60 {
            try filled.fill(blocks: 1)
            tips.append(try filled.tip)
        }
        try filled.reopen()
        var hash = SHA256()
        let key = StateKey(.validators)
        for tip in tips.suffix(9) {
            let proof = try StateTree.proof(of: key, in: tip.state, from: filled.store, with: &hash)
            #expect(proof == (try StateTree.proof(of: key, in: tip.state, from: filled.store, with: &hash)))
        }
        #expect(throws: StateError.self) {
            try StateTree.proof(of: key, in: tips[0].state, from: filled.store, with: &hash)
        }
    }

    @Test("a store changes its role at an opening, both ways")
    func roles() throws {
        let filled = try Self.filled()
        try filled.fill(blocks: 50)
        filled.settings.role = .archive
        try filled.reopen()
        #expect(try Self.count(Self.treeChange, filled) == 0)
        #expect(try Self.count(Self.settledTree, filled) == 0)
        try filled.reopen()
        try filled.fill(blocks: 10)
        #expect(try filled.verify().blocks == 60)
        #expect(try Self.count(Self.staleNode, filled) > 0)
        filled.settings.role = .full
        try filled.reopen()
        #expect(try Self.count(Self.staleNode, filled) == 0)
        try filled.reopen()
        try filled.fill(blocks: 40)
        #expect(try filled.verify().blocks == 100)
    }

    @Test("changes that do not lead to the tip's tree do not open", arguments: [0, 1, 2])
    func damagedChanges(kind: Int) throws {
        let filled = try Self.filled()
        try filled.fill(blocks: 10)
        try filled.tamper { keys in
            let entries = try keys.entries(in: .prefix(Self.treeChange), limit: .max)
            let entry = entries[kind == 0 ? 4 : entries.count - 1]
            var batch = WriteBatch()
            var value = entry.value
            value[40] ^= 1
            if kind == 2 { value.removeLast() }
            if kind == 0 { batch.delete(entry.key) } else { batch.put(entry.key, value) }
            try keys.write(batch, synced: true)
        }
        #expect(throws: ChainStoreError.damaged("treeChange")) { try filled.reopen() }
    }

    @Test("a store of layout 2 is taken over: a row for each node, hash and memory")
    func layout2() throws {
        let filled = try Self.filled(.archive)
        try filled.fill(blocks: 20, transactions: 3)
        let ids = filled.ids
        try filled.tamper { keys in
            var batch = WriteBatch()
            batch.put([0x00], [0, 0, 0, 0, 0, 0, 0, 2])
            for entry in try keys.entries(in: .prefix([0x14]), limit: .max) {
                let start = entry.key[2...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                for offset in 0..<entry.value.count / 32 {
                    let index = withUnsafeBytes(of: (start + UInt64(offset)).bigEndian) { Array($0) }
                    batch.put(Array(entry.key[..<2]) + index, Array(entry.value[offset * 32..<offset * 32 + 32]))
                }
            }
            for entry in try keys.entries(in: .prefix([0x18]), limit: .max) {
                batch.delete(entry.key)
                for start in stride(from: 0, to: entry.value.count, by: 42) {
                    let row = Array(entry.value[start..<start + 42])
                    batch.put([0x18] + row[32..<40] + row[..<32], Array(row[40...]))
                }
            }
            try keys.write(batch, synced: true)
        }
        filled.settings.role = .full
        try filled.reopen()
        for id in ids { #expect(try filled.store.memory(of: id) != nil) }
        #expect(try filled.verify().transactions == 60)
        try filled.reopen()
        for id in ids { #expect(try filled.store.memory(of: id) != nil) }
        try filled.fill(blocks: 3)
        #expect(try filled.verify().transactions == 63)
    }

    @Test("the log's hashes are found in their runs, neighbours and strangers")
    func runs() throws {
        let filled = try Self.filled()
        for count in [1, 5, 3, 8, 2] { try filled.fill(blocks: 1, transactions: count) }
        let size = try filled.tip.record.logSize
        var hash = SHA256()
        for index in (0..<size).reversed() {
            #expect(try filled.store.logHash(level: 0, index: index) != nil)
            guard index % 2 == 1 else { continue }
            let left = try #require(try filled.store.logHash(level: 0, index: index - 1))
            let right = try #require(try filled.store.logHash(level: 0, index: index))
            #expect(try filled.store.logHash(level: 1, index: index / 2) == hash.digest(prefix: 0x01, left, right))
        }
        #expect(try filled.store.logHash(level: 0, index: size) == nil)
        #expect(try filled.store.logHash(level: 0, index: .max) == nil)
        #expect(try filled.store.logHash(level: 9, index: 0) == nil)
    }

    @Test("what is remembered goes from the disk when it has run out")
    func forgets() throws {
        let filled = try Self.filled()
        try filled.fill(blocks: 4, transactions: 2)
        #expect(try Self.count([0x18], filled) == 4)
        try filled.reopen()
        filled.pass(milliseconds: 24 * 3_600_000)
        try filled.fill(blocks: 1, transactions: 0)
        #expect(try Self.count([0x18], filled) == 0)
    }
}
