import Crypto
import EventLoop
import KeyValue
import Ledger
package import Primitives
import Synchronization
import Wire

/// The snapshots that a node hands out, each in a directory named by its height, on a thread of their own.
package actor SnapshotShelf {
    /// So many stay of those that the node makes; older ones go when a newer one is there.
    static let keptMax = 2
    /// An empty file in each snapshot that the node made by itself.
    private static let mark = "/made-by-node"
    /// Snapshots in a list, the newest ones.
    static let listMax = 16
    /// Bytes of one piece. Default 128 KiB: an answer of twice as many digits stays well below what clients take.
    static let pieceByteCount = 128 << 10

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }
    private nonisolated let executor: BlockingThreadExecutor
    private nonisolated let path: String
    private nonisolated let chain: ChainID
    /// A snapshot is being made: a height that comes meanwhile has none.
    private nonisolated let isMaking = Atomic(false)
    private nonisolated let isStopped = Atomic(false)
    /// What the manifests say, by the name of the directory.
    private var entries: [String: Entry] = [:]

    struct Entry: Sendable {
        let height: Height
        let hash: Digest
        let byteCount: Int
        let manifestByteCount: Int
        let chunkCount: Int
    }

    /// - Parameter path: the directory of the snapshots; it need not be there.
    /// - Throws: when there is no thread.
    package init(path: String, chain: ChainID) throws(SnapshotFault) {
        self.path = path
        self.chain = chain
        do throws(SocketError) {
            executor = try BlockingThreadExecutor(name: "snapshots")
        } catch {
            throw SnapshotFault(.store, "no thread for snapshots: \(error)")
        }
    }

    /// Ends its thread; what is being made is given up.
    package nonisolated func stop() {
        isStopped.store(true, ordering: .relaxed)
        executor.stop()
    }

    // MARK: Handing out

    /// The newest first.
    func list() -> [Entry] {
        let names = DurableDirectory.names(in: path).filter { UInt64($0) != nil }
        entries = entries.filter { names.contains($0.key) }
        for name in names where entries[name] == nil {
            guard let manifest = try? SnapshotDirectory(path + "/" + name).manifest(),
                manifest.chain == chain
            else {
                continue
            }
            let bytes = manifest.encoded
            entries[name] = Entry(
                height: manifest.height, hash: SHA256.hash(bytes), byteCount: manifest.byteCount,
                manifestByteCount: bytes.count, chunkCount: manifest.chunks.count)
        }
        return Array(
            entries.values.sorted { ($1.height, $1.hash) < ($0.height, $0.hash) }.prefix(Self.listMax))
    }

    /// A piece of the manifest, or of a chunk; empty behind its end. Nil when there is no such snapshot or chunk.
    func piece(of snapshot: Digest, _ chunk: Int?, at offset: Int) -> [UInt8]? {
        guard
            let name = list().isEmpty ? nil : entries.first(where: { $0.value.hash == snapshot })?.key,
            chunk ?? 0 < entries[name]?.chunkCount ?? 0 || chunk == nil
        else { return nil }
        let directory = SnapshotDirectory(path + "/" + name)
        guard let file = try? DurableFile(path: directory.filePath(chunk), for: .reading) else {
            return nil
        }
        return try? file.read(at: offset, count: Self.pieceByteCount)
    }

    // MARK: Making

    /// Begins a snapshot of the store as it stands, unless one is being made.
    nonisolated func begin(_ store: ChainStore, _ rules: RuleBook, _ log: Log) {
        guard isMaking.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
        else { return }
        Task {  // Ends with the one snapshot, or with the shelf.
            await make(store, rules, log)
            isMaking.store(false, ordering: .relaxed)
        }
    }

    private func make(_ store: ChainStore, _ rules: RuleBook, _ log: Log) {
        let making = path + "/making"
        do {
            try DurableDirectory.make(path)
            try DurableDirectory.remove(making)
            let manifest = try SnapshotWriter.write(store, rules: rules, into: SnapshotDirectory(making)) { [self] in
                !isStopped.load(ordering: .relaxed)
            }
            _ = try DurableFile(path: making + Self.mark, for: .writing)
            let target = "\(path)/\(manifest.height)"
            guard !DurableDirectory.exists(target) else { return try DurableDirectory.remove(making) }
            try DurableDirectory.rename(making, to: target)
            log(
                .info, "snapshot_made",
                ["height": .counter(manifest.height), "bytes": .count(manifest.byteCount)])
            // Others were put there by somebody.
            let own = list().map { "\(path)/\($0.height)" }.filter { DurableDirectory.exists($0 + Self.mark) }
            for old in own.dropFirst(Self.keptMax) { try DurableDirectory.remove(old) }
        } catch let fault as SnapshotFault {
            try? DurableDirectory.remove(making)
            if isStopped.load(ordering: .relaxed) { return }
            log(
                .warning, "snapshot_failed", ["step": .word(fault.step.rawValue), "why": .word(fault.why)])
        } catch {
            try? DurableDirectory.remove(making)
            log(.warning, "snapshot_failed", ["why": .word("\(error)")])
        }
    }
}
