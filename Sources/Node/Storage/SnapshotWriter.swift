import Consensus
import Crypto
import KeyValue
package import Ledger
import Primitives
import Wire

/// Makes a snapshot of a store as it stands: the store may go on meanwhile.
package struct SnapshotWriter {
    private let store: ChainStore
    private let view: KeyValueSnapshot
    private let tip: StoredTip
    private let window: UInt64
    private let directory: SnapshotDirectory
    private let isWanted: () -> Bool
    private var hash = SHA256()
    private var parts: [SnapshotManifest.Part] = []
    private var rows: [[UInt8]] = []
    private var rowByteCount = 0

    /// Writes a snapshot of `store` into `directory`, which holds nothing else; gives up when it is wanted no more.
    package static func write(
        _ store: ChainStore, rules: RuleBook, into directory: SnapshotDirectory,
        while isWanted: @escaping () -> Bool = { true }
    ) throws(SnapshotFault) -> SnapshotManifest {
        let view: KeyValueSnapshot
        let tip: StoredTip
        let limits: UInt64
        do {
            view = try store.keys.snapshot()
            guard let bytes = try view.value(for: ChainTable.tip.key()) else { throw ChainStoreError.damaged("tip") }
            tip = try StoredTip(decoding: bytes)
            let entry = try view.value(for: ChainTable.state.key(StateKey(.limits).bytes))
            let voted = try entry.map { bytes throws(WireError) in try LimitsEntry(decoding: bytes) }
            limits = max(voted?.now.untilWindow ?? 0, voted?.next.untilWindow ?? 0)
        } catch {
            throw SnapshotFault(.manifest, "the store cannot be read: \(error)")
        }
        guard tip.tip.record.height > .zero else { throw SnapshotFault(.manifest, "the store holds no block yet") }
        try directory.make()
        var writer = SnapshotWriter(
            store: store, view: view, tip: tip,
            window: try store.hasTurned(within: SnapshotChecker.windowMax, of: tip.tip.record)
                ? SnapshotChecker.windowMax : max(rules.genesis.limits.untilWindow, limits),
            directory: directory, isWanted)
        return try writer.run(rules.chain)
    }

    private init(
        store: ChainStore, view: KeyValueSnapshot, tip: StoredTip, window: UInt64, directory: SnapshotDirectory,
        _ isWanted: @escaping () -> Bool
    ) {
        self.store = store
        self.view = view
        self.tip = tip
        self.window = window
        self.directory = directory
        self.isWanted = isWanted
    }

    private mutating func run(_ chain: ChainID) throws(SnapshotFault) -> SnapshotManifest {
        let proof = try writeHeads()
        try writeLog()
        try writeRecent()
        try writeState()
        let manifest = SnapshotManifest(tip: tip.tip, chain: chain, proof: proof, chunks: parts)
        try directory.put(manifest)
        return manifest
    }

    // MARK: Parts

    /// Also gives the proof that the newest of them is final.
    private mutating func writeHeads() throws(SnapshotFault) -> FinalityProof {
        var last: SnapshotHead?
        var height = Height.zero
        while height < tip.tip.record.height {
            height = height.next
            let row: SnapshotHead
            do {
                guard let bytes = try view.value(for: ChainTable.head.key(height)) else {
                    throw ChainStoreError.damaged(ChainTable.head.name)
                }
                let head = try StoredHead(decoding: bytes)
                let certificate = try view.value(for: ChainTable.finalization.key(height))
                row = SnapshotHead(
                    head: head,
                    finalization: try certificate.map { bytes throws(WireError) in try Certificate(decoding: bytes) },
                    seal: isEnd(head.record) ? try store.seal(of: head.record) : nil)
            } catch {
                throw SnapshotFault(.heads, "height \(height): \(error)")
            }
            try add(row.encoded, .head)
            last = row
        }
        try flush(.head)
        guard let proof = last?.finality else {
            throw SnapshotFault(.heads, "the newest block has no finalization")
        }
        return proof
    }

    /// Whether a validator epoch ends with this record. That operators ended one says the block above.
    private func isEnd(_ record: Record) -> Bool {
        record.endsEpoch || record.height < tip.tip.record.height && store.lastHeight(of: record) == record.height
    }

    private mutating func writeLog() throws(SnapshotFault) {
        var row: [UInt8] = []
        do {
            let level: [UInt8] = [0]
            let cursor = try view.cursor(
                over: KeyRange(
                    from: ChainTable.log.key(level), upTo: ChainTable.log.key(level, bigEndian(tip.tip.log.size))))
            while let entry = try cursor.next() {
                row += entry.value
                if row.count >= SnapshotChunk.byteCountTarget / 4 {
                    try add(row, .log)
                    row = []
                }
            }
            if !row.isEmpty { try add(row, .log) }
            try flush(.log)
        } catch let fault as SnapshotFault {
            throw fault
        } catch {
            throw SnapshotFault(.log, "\(error)")
        }
    }

    /// Whatever may still be replayed stands in a block that is not older than the window.
    private mutating func writeRecent() throws(SnapshotFault) {
        let top = tip.tip.record.height
        var lowest = top
        do {
            while lowest > .zero, let head = try store.head(at: lowest), isRecent(head.record) {
                lowest = Height(lowest.rawValue - 1)
            }
            var height = lowest
            while height < top {
                height = height.next
                for transaction in try store.remembered(at: height, with: &hash) { try add(transaction.bytes, .recent) }
            }
            try flush(.recent)
        } catch let fault as SnapshotFault {
            throw fault
        } catch {
            throw SnapshotFault(.recent, "a block of the last \(window / 1_000) s cannot be read: \(error)")
        }
    }

    private func isRecent(_ record: Record) -> Bool {
        record.time.rawValue + window >= tip.tip.record.time.rawValue
    }

    private mutating func writeState() throws(SnapshotFault) {
        do {
            let cursor = try view.cursor(over: KeyRange.prefix([ChainTable.state.rawValue]))
            while let entry = try cursor.next() { try add(Array(entry.key.dropFirst()) + entry.value, .state) }
            try flush(.state)
        } catch let fault as SnapshotFault {
            throw fault
        } catch {
            throw SnapshotFault(.state, "\(error)")
        }
    }

    // MARK: Chunks

    private mutating func add(_ row: [UInt8], _ kind: SnapshotChunk.Kind) throws(SnapshotFault) {
        if rowByteCount + row.count > SnapshotChunk.byteCountTarget + (SnapshotChunk.byteCountTarget >> 2) {
            try flush(kind)
        }
        rows.append(row)
        rowByteCount += row.count + 5
        if rowByteCount >= SnapshotChunk.byteCountTarget || rows.count >= SnapshotChunk.rowCountMax { try flush(kind) }
    }

    private mutating func flush(_ kind: SnapshotChunk.Kind) throws(SnapshotFault) {
        guard !rows.isEmpty else { return }
        guard isWanted() else { throw SnapshotFault(.chunk, chunk: parts.count, "it is wanted no more") }
        let bytes = SnapshotChunk(kind: kind, rows: rows).encoded
        guard bytes.count <= SnapshotChunk.byteCountMax, parts.count < SnapshotManifest.chunkCountMax else {
            throw SnapshotFault(.chunk, chunk: parts.count, "the store is larger than a snapshot may be")
        }
        try directory.put(bytes, at: parts.count)
        parts.append(SnapshotManifest.Part(kind: kind, byteCount: bytes.count, hash: hash.digest(bytes)))
        rows = []
        rowByteCount = 0
    }
}

extension ChainStore {
    /// Bytes of echoes in one row; of more, the finalised one stands alone.
    private static let echoByteCountMax = 1 << 20

    /// How the validator epoch of a sealing block ended.
    fileprivate func seal(of record: Record) throws(ChainStoreError) -> SnapshotHead.Seal {
        guard let end = try epochEnd(of: record.epoch), end.height == record.height else {
            throw .damaged(ChainTable.epochEnd.name)
        }
        var echoes = try echoes(above: record.height)
        if echoes.count > SnapshotHead.Seal.echoCountMax
            || echoes.reduce(0, { $0 + $1.encoded.count }) > Self.echoByteCountMax
        {
            echoes = echoes.suffix(1)
        }
        let document = try recovery(of: record.epoch)
        return SnapshotHead.Seal(
            next: end.next, echoes: echoes, recovery: document.flatMap { $0.statement.list == end.next ? $0 : nil })
    }

    /// Whether the validator epoch of `tip` began so many milliseconds before it, or later.
    fileprivate func hasTurned(within window: UInt64, of tip: Record) throws(SnapshotFault) -> Bool {
        guard let before = tip.epoch.previous else { return false }
        do throws(ChainStoreError) {
            guard let end = try epochEnd(of: before), let last = try head(at: end.height) else {
                throw .damaged(ChainTable.epochEnd.name)
            }
            return last.record.time.rawValue + window >= tip.time.rawValue
        } catch {
            throw SnapshotFault(.heads, "the end of validator epoch \(before) cannot be read: \(error)")
        }
    }

    /// The transactions of a block, with what is remembered of them.
    func remembered(at height: Height, with hash: inout SHA256) throws -> [SnapshotTransaction] {
        guard let block = try remnant(at: height) else { throw ChainStoreError.pruned(height) }
        var transactions: [SnapshotTransaction] = []
        for (slot, code) in zip(block.slots, block.codes) {
            guard case .whole(let bytes) = slot else {
                if case .erased(let gap) = slot {
                    transactions.append(SnapshotTransaction(height: height, id: gap.id, until: gap.until, code: code))
                }
                continue
            }
            let signed = try SignedObject(decoding: bytes)
            let transaction = try Transaction(decoding: signed.body)
            let id = TransactionID(
                raw: hash.digest(SigningKind.transaction.preimage(chain: transaction.chain, body: signed.body)).raw)
            transactions.append(
                SnapshotTransaction(height: height, id: id, until: transaction.until, code: code))
        }
        return transactions
    }
}
