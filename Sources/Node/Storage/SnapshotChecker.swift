import Consensus
import Crypto
package import Ledger
import Primitives
import Wire

/// Takes what a snapshot holds, part by part, while it is checked. Nothing of it counts before the last check held.
protocol SnapshotSink {
    /// A head with the hashes of its block and of the echoes above it.
    func take(_ head: SnapshotHead, block: Digest, echoes: [Digest]) throws(SnapshotFault)
    func take(_ nodes: [LogNode]) throws(SnapshotFault)
    func take(_ transaction: SnapshotTransaction, index: Int) throws(SnapshotFault)
    func take(_ key: StateKey, _ value: [UInt8]) throws(SnapshotFault)
    func take(_ nodes: [TreeNodeKey: TreeNode]) throws(SnapshotFault)
}

/// Checks a snapshot against the genesis document and nothing else, chunk by chunk, in the order of the steps of
/// ``SnapshotFault``. Its record must be final by the set to which the handovers in it lead. The state tree is built in
/// memory: about a kilobyte for each fact.
package struct SnapshotChecker {
    /// What was checked.
    package struct Report: Sendable, Equatable {
        package var heads: UInt64 = 0
        package var finalizations: UInt64 = 0
        /// Validator epochs that ended.
        package var handovers: UInt64 = 0
        package var logLeaves: UInt64 = 0
        package var recentTransactions: UInt64 = 0
        package var stateEntries: UInt64 = 0
    }

    /// What a record within the window says of its transactions.
    struct Recent {
        let record: Record
        let count: UInt64
        var leaves: [Digest] = []
    }

    /// No network's `untilWindow` may be longer, in milliseconds.
    static let windowMax: UInt64 = 3_600_000

    let rules: RuleBook
    let manifest: SnapshotManifest
    let sink: (any SnapshotSink)?
    let verifier = SignatureVerifier()
    var hash = SHA256()
    /// From the validators of genesis to those that decide above the newest head.
    var trail: ValidatorTrail
    var record: Record
    var recordID: CID
    var block: BlockReference
    private var log = MerkleFrontier()
    var recents: [Height: Recent] = [:]
    /// A validator epoch ended within the longest window: what the window was before is not known.
    var hasTurned = false
    private var recentHeight = Height.zero
    /// The lowest height whose transactions are here.
    private var recentFloor: Height?
    /// What the state says of the window.
    private var limits: LimitsEntry?
    private var changes: [StateTree.Change] = []
    private var lastKey: StateKey?
    var report = Report()

    /// Checks the snapshot in `directory`; `progress` hears how many chunks of how many are done.
    package static func check(
        _ directory: SnapshotDirectory, rules: RuleBook, _ progress: (Int, Int) -> Void = { _, _ in }
    ) throws(SnapshotFault) -> (manifest: SnapshotManifest, report: Report) {
        let manifest = try directory.manifest()
        var checker = try SnapshotChecker(manifest, rules: rules, into: nil)
        _ = try checker.run(directory, progress)
        return (manifest, checker.report)
    }

    /// - Throws: a fault of step `manifest`.
    init(_ manifest: SnapshotManifest, rules: RuleBook, into sink: (any SnapshotSink)?) throws(SnapshotFault) {
        self.manifest = manifest
        self.rules = rules
        self.sink = sink
        guard manifest.chain == rules.chain, manifest.tip.record.chain == rules.chain else {
            throw SnapshotFault(.manifest, "it belongs to another network")
        }
        guard let genesis = try? rules.genesisBlock(with: &hash), let trail = try? ValidatorTrail(rules) else {
            throw SnapshotFault(.manifest, "the genesis document has no first block")
        }
        self.trail = trail
        record = genesis.record
        recordID = genesis.tip.recordID
        block = .genesis(of: rules.chain)
        guard manifest.tip.recordID == manifest.tip.record.cid(with: &hash), manifest.height > .zero else {
            throw SnapshotFault(.manifest, "its record is not the one that it names")
        }
        // Later sets are known when the heads have led to them.
        if manifest.tip.record.epoch == .zero { try checkFinality(.manifest) }
    }

    private mutating func checkFinality(_ step: SnapshotFault.Step) throws(SnapshotFault) {
        do throws(ProofFault) {
            try trail.check(manifest.tip.record, manifest.proof, with: &hash)
        } catch {
            throw SnapshotFault(step, "its record is not proven final by the validators of its epoch: \(error)")
        }
    }

    /// Goes through all chunks. The root of the state tree as it was built.
    mutating func run(
        _ directory: SnapshotDirectory, _ progress: (Int, Int) -> Void
    ) throws(SnapshotFault) -> TreeChild? {
        var kind = SnapshotChunk.Kind.head
        for (index, part) in manifest.chunks.enumerated() {
            let bytes = try directory.chunk(index, part, with: &hash)
            guard let chunk = try? SnapshotChunk(decoding: bytes), chunk.kind == part.kind else {
                throw SnapshotFault(.chunk, chunk: index, "it is no chunk of its kind")
            }
            while kind != part.kind, let next = SnapshotChunk.Kind(rawValue: kind.rawValue + 1) {
                try finish(kind)
                kind = next
            }
            for row in chunk.rows { try take(row, kind, index) }
            progress(index + 1, manifest.chunks.count)
        }
        while let next = SnapshotChunk.Kind(rawValue: kind.rawValue + 1) {
            try finish(kind)
            kind = next
        }
        return try finishState()
    }

    private mutating func take(_ row: [UInt8], _ kind: SnapshotChunk.Kind, _ chunk: Int) throws(SnapshotFault) {
        switch kind {
        case .head: try takeHead(row, chunk)
        case .log: try takeLog(row, chunk)
        case .recent: try takeRecent(row, chunk)
        case .state: try takeState(row, chunk)
        }
    }

    private mutating func finish(_ kind: SnapshotChunk.Kind) throws(SnapshotFault) {
        switch kind {
        case .head:
            guard record == manifest.tip.record, record.height == manifest.height else {
                throw SnapshotFault(.heads, "they end at height \(record.height), not \(manifest.height)")
            }
            try checkFinality(.heads)
        case .log:
            guard log.size == manifest.tip.record.logSize, log == manifest.tip.log else {
                throw SnapshotFault(.log, "it has \(log.size) leaves, or others than the record's root")
            }
            guard log.root(with: &hash) == manifest.tip.record.logRoot else {
                throw SnapshotFault(.log, "its leaves do not have the record's root")
            }
        case .recent: try finishRecent()
        case .state: break
        }
    }

    // MARK: Log

    private mutating func takeLog(_ row: [UInt8], _ chunk: Int) throws(SnapshotFault) {
        guard !row.isEmpty, row.count % 32 == 0, log.size + UInt64(row.count / 32) <= manifest.tip.record.logSize else {
            throw SnapshotFault(.log, chunk: chunk, "a row is no list of hashes, or too long")
        }
        var nodes: [LogNode] = []
        for start in stride(from: 0, to: row.count, by: 32) {
            guard let leaf = Digest(row[start..<start + 32]) else { continue }
            nodes += LogTree.append(leaf, to: &log, with: &hash)
            report.logLeaves += 1
        }
        try sink?.take(nodes)
    }

    // MARK: Recent transactions

    private mutating func takeRecent(_ row: [UInt8], _ chunk: Int) throws(SnapshotFault) {
        func fault(_ why: String) -> SnapshotFault { SnapshotFault(.recent, chunk: chunk, why) }
        guard let transaction = SnapshotTransaction(row), transaction.height >= recentHeight,
            let recent = recents[transaction.height]
        else { throw fault("a row is no transaction of a recent block") }
        let time = recent.record.time
        guard transaction.until >= time,
            transaction.until.milliseconds(since: time) <= Self.windowMax
        else { throw fault("a transaction of height \(transaction.height) is remembered for too long or not at all") }
        recentHeight = transaction.height
        if recentFloor == nil { recentFloor = transaction.height }
        let leaf = MerkleTree.leafHash(ResultLeaf.bytes(transaction.id, code: transaction.code), with: &hash)
        recents[transaction.height]?.leaves.append(leaf)
        try sink?.take(transaction, index: recent.leaves.count)
        report.recentTransactions += 1
    }

    private mutating func finishRecent() throws(SnapshotFault) {
        // From the first height on of which there is one, all must be there.
        let floor = recentFloor ?? manifest.height.next
        for (height, recent) in recents.sorted(by: { $0.key < $1.key }) where height >= floor {
            guard UInt64(recent.leaves.count) == recent.count,
                MerkleTree.root(of: recent.leaves, with: &hash) == recent.record.resultsRoot
            else { throw SnapshotFault(.recent, "the transactions of height \(height) are not its record's") }
        }
    }

    /// Whether what a block holds may be replayed, under a window of so many milliseconds.
    func isWithin(_ window: UInt64, _ record: Record) -> Bool {
        record.time.rawValue + window >= manifest.tip.record.time.rawValue
    }

    /// The window is known from the state, which comes last; that of an earlier validator epoch is not.
    private func checkWindow() throws(SnapshotFault) {
        let known = max(
            rules.genesis.limits.untilWindow, limits?.now.untilWindow ?? 0, limits?.next.untilWindow ?? 0)
        let window = hasTurned ? Self.windowMax : known
        let floor = recentFloor ?? manifest.height.next
        for (height, recent) in recents
        where height < floor && recent.count > 0 && isWithin(min(window, Self.windowMax), recent.record) {
            throw SnapshotFault(.recent, "the transactions of height \(height) are missing")
        }
    }

    // MARK: State

    private mutating func takeState(_ row: [UInt8], _ chunk: Int) throws(SnapshotFault) {
        guard row.count > StateKey.byteCount, let key = StateKey(Array(row.prefix(StateKey.byteCount))) else {
            throw SnapshotFault(.state, chunk: chunk, "a row is no fact")
        }
        if let lastKey, lastKey >= key { throw SnapshotFault(.state, chunk: chunk, "facts are out of order") }
        lastKey = key
        let value = Array(row.dropFirst(StateKey.byteCount))
        if key == StateKey(.limits) { limits = try? LimitsEntry(decoding: value) }
        changes.append(StateTree.Change(key: key.hashed(with: &hash), value: hash.digest(value)))
        try sink?.take(key, value)
        report.stateEntries += 1
    }

    private mutating func finishState() throws(SnapshotFault) -> TreeChild? {
        let update: StateTree.Update
        do throws(StateError) {
            update = try StateTree.update(
                nil, with: changes, version: manifest.height, in: MemoryState(), with: &hash)
        } catch {
            throw SnapshotFault(.state, "\(error)")
        }
        guard update.rootHash == manifest.tip.record.stateRoot else {
            throw SnapshotFault(.state, "the facts do not have the record's root")
        }
        try checkWindow()
        try sink?.take(update.nodes)
        return update.root
    }
}
