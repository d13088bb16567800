import Consensus
import Crypto
package import KeyValue
package import Ledger
package import Primitives
import Wire

/// Puts a store back to an earlier height, by executing its blocks again from the first on in a new store: for a state
/// that a fault of the program or of the disk has spoilt.
///
/// Nothing that binds is forgotten. The validator's own votes go along, so that it signs nothing in a view in which it
/// has signed; and the blocks above the height, with the finalization of the newest, stay as consensus keeps blocks
/// that are not final yet. When the node starts, it executes them again, and they are final at once, without a peer.
/// That is why a rollback is short: consensus holds so many blocks and no more.
package enum StoreRollback {
    /// Heights that may lie between the tip and where it goes back to.
    package static let depthMax: UInt64 = 64

    package enum Fault: Error, Sendable {
        case store(ChainStoreError)
        /// The height is not below the tip.
        case notBelow(tip: Height)
        /// It is further down than this, the lowest there is.
        case tooDeep(lowest: Height)
        /// A validator epoch ends between: its blocks would wait for validators that the earlier state does not know.
        case epochBetween(last: Height)
        /// The block was not finalised itself, but by a descendant; this one, further down, was.
        case notFinalised(nearest: Height?)
        case replay(LedgerReplay.Fault)
        case disk(KeyValueError)
    }

    /// - Parameters:
    ///   - path: a store that nobody has open.
    ///   - height: where it shall stand.
    package static func run(
        _ path: String, to height: Height, rules: RuleBook, settings: StorageSettings,
        _ progress: (Height, LedgerReplay.Report) -> Void = { _, _ in }
    ) throws(Fault) -> LedgerReplay.Report {
        let building = SnapshotRestore.buildingPath(of: path)
        do throws(KeyValueError) {
            try DurableDirectory.remove(building)
        } catch {
            throw .disk(error)
        }
        let (old, new) = try open(path, building, rules, settings)
        defer {
            old.close()
            new.close()
        }
        try check(old, height)
        let report: LedgerReplay.Report
        do throws(LedgerReplay.Fault) {
            var replay = try LedgerReplay(old, into: new, rules: rules)
            report = try replay.run(upTo: height, progress)
        } catch {
            throw .replay(error)
        }
        do throws(ChainStoreError) {
            try new.takeOver(from: old, above: height)
        } catch {
            throw .store(error)
        }
        old.close()
        new.close()
        do throws(KeyValueError) {
            // On the way through an opening everything that LevelDB holds in logs becomes synced files.
            try KeyValueStore(path: building).close()
            try DurableDirectory.exchange(building, path)
            try DurableDirectory.remove(building)
        } catch {
            throw .disk(error)
        }
        return report
    }

    private static func open(
        _ path: String, _ building: String, _ rules: RuleBook, _ settings: StorageSettings
    ) throws(Fault) -> (old: ChainStore, new: ChainStore) {
        do throws(ChainStoreError) {
            // What the settings would prune stays until the node itself prunes it.
            var keeping = settings
            keeping.role = .archive
            let old = try ChainStore(path: path, rules: rules, settings: keeping)
            return (old, try ChainStore(path: building, rules: rules, settings: settings))
        } catch {
            throw .store(error)
        }
    }

    private static func check(_ store: ChainStore, _ height: Height) throws(Fault) {
        let tip: Height
        var finalised: Height? = height
        var lastOfEpoch: Height?
        do throws(ChainStoreError) {
            tip = try store.tip().record.height
            while let current = finalised, current > .zero, try store.finalization(at: current) == nil {
                finalised = current.previous
            }
            var current = height
            while current < tip, lastOfEpoch == nil {
                if try store.head(at: current).map({ store.lastHeight(of: $0.record) }) == current {
                    lastOfEpoch = current
                }
                current = current.next
            }
            // What was taken at the tip would be forgotten with it.
            if lastOfEpoch == nil, try store.recovery(above: try store.tip()) != nil { lastOfEpoch = tip }
        } catch {
            throw .store(error)
        }
        guard height < tip else { throw .notBelow(tip: tip) }
        let lowest = Height(tip.rawValue - min(tip.rawValue, depthMax))
        guard height >= lowest else { throw .tooDeep(lowest: lowest) }
        if let lastOfEpoch { throw .epochBetween(last: lastOfEpoch) }
        guard finalised == height else { throw .notFinalised(nearest: finalised) }
    }
}

extension ChainStore {
    /// Takes over what binds the validator of `old`, and the blocks above `height` as blocks that are not final yet.
    fileprivate func takeOver(from old: ChainStore, above height: Height) throws(ChainStoreError) {
        let final = try storedTip().block.view
        let (top, newest) = (try old.tip().record.height, try old.storedTip().block.view)
        var batch = WriteBatch()
        for table in [ChainTable.vote, .certificate, .pendingBlock] {
            // Bodies of final blocks that have not moved to a segment file come with their blocks.
            let floor = table == .pendingBlock ? newest : final
            for entry in try old.entries(.prefix([table.rawValue]), limit: .max)
            where table == .vote || View(bigEndian(entry.key[1..<9])) > floor {
                batch.put(entry.key, entry.value)
            }
        }
        if let finalization = try old.finalization(at: top) { add(.certificate(finalization), to: &batch) }
        var current = height
        while current < top {
            current = current.next
            guard let block = try old.block(at: current) else {
                throw .damaged(ChainTable.block.name)
            }
            let hash = SHA256.hash(block.proposal.header.encoded)
            let view = block.proposal.header.view
            batch.put(ChainTable.pendingBlock.key(view, hash.bytes), block.proposal.encoded)
        }
        // The newest may seal its validator epoch, and be final by these.
        for echo in try old.echoes(above: top) {
            let hash = SHA256.hash(echo.header.encoded)
            batch.put(ChainTable.pendingBlock.key(echo.header.view, hash.bytes), echo.encoded)
        }
        try write(batch, synced: true)
    }
}
