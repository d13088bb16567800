import KeyValue
import Ledger
import Primitives

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
        do throws(KeyValueError) {
            try keys.compact()
        } catch {
            throw .store(error)
        }
        return (before, DurableDirectory.byteCount(of: path))
    }
}
