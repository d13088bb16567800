import Consensus
import Crypto
import KeyValue
import Ledger
package import Primitives
import Synchronization
import Wire

/// Finalised blocks: where they lie, how they move to segment files, and how old ones go.
extension ChainStore {
    /// A finalised block; nil when there is none at this height.
    ///
    /// - Throws: `pruned`, `erased`, or what is damaged.
    package func block(at height: Height) throws(ChainStoreError) -> StoredBlock? {
        guard let block = try keptBlock(at: height) else { return nil }
        if try hasErased(block, at: height) { throw .erased(height) }
        return block
    }

    /// The same, though something of it is erased, while the bodies are still here for nodes that catch up.
    func keptBlock(at height: Height) throws(ChainStoreError) -> StoredBlock? {
        // The chain's thread may move, prune or erase the block between two reads.
        for _ in 0..<3 {
            guard let place = try place(at: height) else {
                guard height > .zero, height < floor else { return nil }
                throw .pruned(height)
            }
            if let block = try block(at: height, in: place) { return block }
        }
        throw .damaged(ChainTable.block.name)
    }

    /// The lowest height whose transactions are here.
    package var floor: Height { ledge.withLock { $0.floor } }

    /// Header, signature and record of a finalised block, which are never pruned.
    package func head(at height: Height) throws(ChainStoreError) -> StoredHead? {
        try object(StoredHead.self, .head, ChainTable.head.key(height))
    }

    func place(at height: Height) throws(ChainStoreError) -> BodyPlace? {
        try read(.block, ChainTable.block.key(height)) { BodyPlace($0) }
    }

    /// Nil when the body is no longer where it was.
    private func block(at height: Height, in place: BodyPlace) throws(ChainStoreError) -> StoredBlock? {
        let bytes: [UInt8]
        switch place {
        case .pending(let reference, let codes):
            let key = ChainTable.pendingBlock.key(reference.view, reference.hash.bytes)
            return try object(Proposal.self, .pendingBlock, key).map { StoredBlock(codes: codes, proposal: $0) }
        case .segment(let place):
            do throws(ChainStoreError) {
                bytes = try segments.content(at: place, height: height)
            } catch {
                if case .missingSegment = error, height < floor { return nil }
                // Erased since the entry was read.
                if try self.place(at: height) != .segment(place) { return nil }
                throw error
            }
        case .inline(let inline): bytes = inline
        case .erased: throw .erased(height)
        }
        do throws(WireError) {
            return try StoredBlock(decoding: bytes)
        } catch {
            throw .damaged(ChainTable.block.name)
        }
    }

    // MARK: Moving

    /// Moves the bodies of final blocks up to `tip` from LevelDB to segment files. The files are synced before the
    /// batch that refers to them; that batch need not be, since without it everything is as it was.
    func moveBlocks(upTo tip: Height) throws(ChainStoreError) {
        while case let first = ledge.withLock({ $0.unmoved }), first <= tip {
            var entries: [(height: Height, content: [UInt8])] = []
            var batch = WriteBatch()
            var byteCount = 0
            var height = first
            while height <= tip, byteCount < 4 << 20 {
                let current = height
                height = height.next
                guard let place = try place(at: current) else { throw .damaged(ChainTable.block.name) }
                switch place {
                case .pending(let reference, _):
                    batch.delete(ChainTable.pendingBlock.key(reference.view, reference.hash.bytes))
                case .inline: break
                case .segment, .erased: continue
                }
                guard let block = try block(at: current, in: place) else { throw .damaged(ChainTable.block.name) }
                entries.append((current, block.encoded))
                byteCount += block.proposal.body.count + 1_024
            }
            let places = try segments.append(entries)
            for (entry, place) in zip(entries, places) {
                batch.put(ChainTable.block.key(entry.height), BodyPlace.segment(place).bytes)
            }
            try write(batch, synced: false)
            ledge.withLock { ledge in
                ledge.unmoved = height
                ledge.unmovedByteCount = max(0, ledge.unmovedByteCount - byteCount)
            }
        }
    }

    // MARK: Pruning

    /// Deletes segment files that hold only blocks which the settings do not keep.
    func pruneBlocks(at tip: Height) throws(ChainStoreError) {
        guard let wanted = settings.blockFloor(at: tip.rawValue) else { return }
        // The file after an old one begins where it ends; the newest is still written.
        for (segment, next) in zip(segments.segments, segments.segments.dropFirst()) where next.rawValue <= wanted {
            try prune(segment, upTo: next)
        }
    }

    /// The floor first, synced: a file that is still there afterwards is deleted at the next opening.
    private func prune(_ segment: Height, upTo next: Height) throws(ChainStoreError) {
        var batch = WriteBatch()
        batch.put(ChainTable.blockFloor.key(), bigEndian(next.rawValue))
        var height = segment
        while height < next {
            batch.delete(ChainTable.block.key(height))
            height = height.next
        }
        let scrubbed = KeyRange.prefix(ChainTable.scrub.key(segment))
        for entry in try entries(scrubbed, limit: .max) { batch.delete(entry.key) }
        // Whoever misses the entry must find out why.
        ledge.withLock { $0.floor = max($0.floor, next) }
        try write(batch, synced: true)
        try segments.remove(segment)
    }

    // MARK: Opening

    /// Learns how the store stands, and finishes what a crash left half done.
    func loadLedge() throws(ChainStoreError) {
        let tip = try storedTip().tip.record.height
        var ledge = StoreLedge()
        ledge.floor = try read(.blockFloor, ChainTable.blockFloor.key()) { Height(bigEndian($0)) } ?? Height(1)
        for segment in zip(segments.segments, segments.segments.dropFirst()) where segment.1 <= ledge.floor {
            try segments.remove(segment.0)
        }
        var height = tip
        var last: SegmentStore.Place?
        while height >= ledge.floor, height > .zero, last == nil {
            switch try place(at: height) {
            case .segment(let place): last = place
            case .erased, .pending, .inline: height = Height(height.rawValue - 1)
            case nil: throw .damaged(ChainTable.block.name)
            }
        }
        ledge.unmoved = max(height.next, ledge.floor)
        // What was erased from a file keeps its place there.
        try segments.resume(after: [last, try lastScrubbed()].compactMap(\.self).max())
        for entry in try entries(.prefix([ChainTable.pendingBlock.rawValue]), limit: .max) {
            guard let hash = Digest(entry.key[9...]) else { throw .damaged(ChainTable.pendingBlock.name) }
            ledge.pending[hash] = View(bigEndian(entry.key[1..<9]))
            ledge.unmovedByteCount += entry.value.count
        }
        let finalView = try storedTip().block.view
        ledge.pending = ledge.pending.filter { $0.value > finalView }
        for entry in try entries(.prefix([ChainTable.certificate.rawValue]), limit: .max) {
            ledge.certificates[entry.key] = View(bigEndian(entry.key[1..<9]))
        }
        for entry in try entries(.prefix([ChainTable.vote.rawValue]), limit: .max) {
            ledge.votes[entry.key] = View(bigEndian(entry.key[1..<9]))
        }
        let found = ledge
        self.ledge.withLock { $0 = found }
    }

    /// Batches that are not synced may be lost with the power, and where LevelDB had begun a new log file by then,
    /// later ones may be there without them. A commit that is missing below the tip shows by its head.
    func checkCommits() throws(ChainStoreError) {
        let tip = try storedTip().tip.record.height
        var height = tip
        while height > .zero, tip.rawValue - height.rawValue < Self.commitsChecked {
            guard try read(.head, ChainTable.head.key(height), { $0 }) != nil else {
                throw .damaged(ChainTable.head.name)
            }
            height = Height(height.rawValue - 1)
        }
    }

    /// More than fit into what LevelDB holds outside of synced files.
    private static let commitsChecked: UInt64 = 4_096

    // MARK: Older layouts

    /// From here on an older program refuses the store.
    func beginMigration(from version: UInt64) throws(ChainStoreError) {
        var batch = WriteBatch()
        batch.put(ChainTable.version.key(), bigEndian(Self.layoutVersion))
        if version < 3 { batch.put(ChainTable.migration.key(), []) }
        try write(batch, synced: true)
    }

    /// Writes what layout 1 did not have, and moves its blocks to segment files. A crash in between goes on from there.
    func migrate(_ rules: RuleBook) throws(ChainStoreError) {
        guard try read(.migration, ChainTable.migration.key(), { $0 }) != nil else { return }
        let tip = try storedTip().tip.record.height
        var hash = SHA256()
        var height = ledge.withLock { $0.unmoved }
        while height > .zero, height <= tip {
            guard let block = try block(at: height), let content = try? block.ledgerBlock() else {
                throw .damaged(ChainTable.block.name)
            }
            var batch = WriteBatch()
            let head = StoredHead(
                header: block.proposal.header, signature: block.proposal.signature, record: content.record)
            batch.put(ChainTable.head.key(height), head.encoded)
            for (index, bytes) in content.transactions.enumerated() where index < block.codes.count {
                guard let signed = try? SignedObject(decoding: bytes) else { throw .damaged(ChainTable.block.name) }
                let id = hash.digest(SigningKind.transaction.preimage(chain: rules.chain, body: signed.body))
                batch.put(
                    ChainTable.transaction.key(id), Self.position(height, index, code: block.codes[index]))
            }
            try write(batch, synced: false)
            if height.rawValue % 256 == 0 { try moveBlocks(upTo: height) }
            height = height.next
        }
        try moveBlocks(upTo: tip)
        var batch = WriteBatch()
        batch.delete(ChainTable.migration.key())
        try write(batch, synced: true)
    }
}
