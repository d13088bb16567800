import KeyValue
import Ledger
import Primitives
import Synchronization

extension ChainStore {
    /// Gives back what can be given back: prunes by the settings all at once, moves bodies to segment files, and has
    /// LevelDB rewrite its files without what was deleted or replaced. For a store on which no node runs.
    ///
    /// - Returns: bytes on the disk before and after.
    package func compact() throws(ChainStoreError) -> (before: Int, after: Int) {
        let before = DurableDirectory.byteCount(of: path)
        let tip = try tip().record.height
        try moveBlocks(upTo: tip)
        try pruneBlocks(at: tip)
        try pruneState(at: tip)
        do throws(KeyValueError) {
            try keys.compact()
        } catch {
            throw .store(error)
        }
        return (before, DurableDirectory.byteCount(of: path))
    }

    private func pruneState(at tip: Height) throws(ChainStoreError) {
        let limit = 10_000
        while true {
            var batch = WriteBatch()
            guard let floor = try dropStaleNodes(at: tip, limit: limit, &batch) else { return }
            try write(batch, synced: false)
            ledge.withLock { $0.staleFloor = floor }
            if batch.operations.count < 2 * limit { return }
        }
    }
}
