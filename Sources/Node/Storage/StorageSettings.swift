/// How much of the past a node keeps. Records, engine headers, finality proofs and the hashes of the log stay on every
/// node for ever.
package struct StorageSettings: Sendable, Equatable {
    package enum Role: String, CaseIterable, Sendable {
        /// Forgets old versions of the state, and old blocks as `keepBlocks` says.
        case full
        /// Keeps every block and every version of the state tree.
        case archive
    }

    /// Default full: an archive's disk grows by several kilobytes for each changed fact.
    package var role = Role.full
    /// How many of the newest heights a full node keeps with their transactions; 0 keeps all. Whole files go, so a few
    /// more stay. Default 0: a ledger that nobody has whole cannot be checked from genesis by executing it.
    package var keepBlocks: UInt64 = 0
    /// For how many heights a full node keeps the state tree of the past, in memory; fewer where so many changes lie
    /// in them that it would take too much. Default 256: proofs that are being made, and light clients that ask about
    /// a recent record, still find its tree.
    package var keepState: UInt64 = 256
    /// Nodes of the state tree that may be in memory, some hundred bytes each; with more, older versions go early.
    /// Default 131,072: about 64 MB, or some 20,000 transactions.
    package var treeNodeCountMax = 131_072
    /// Bytes after which a segment file is followed by the next. Default 64 MiB: few files, and pruning deletes whole
    /// ones.
    package var segmentByteCount = 64 << 20
    /// Bytes of final blocks that may lie in LevelDB before they move to a segment file. Default 1 MiB: one more sync
    /// for some thousand transactions, and most bodies never reach LevelDB's own files twice.
    package var moveByteCount = 1 << 20
    /// For how many seconds of the ledger's time the body of an erased transaction stays for nodes that catch up, and
    /// for nobody else. Default 600: a node that is a little behind when something is erased needs the body to go on,
    /// or it would have to be set up from a snapshot; without this time, whoever may erase could cut such nodes off.
    package var erasureSeconds: UInt64 = 600
    /// Whether LevelDB's files are swept on a thread of their own after an erasure. Default false: only a running node
    /// has others wait for the thread that commits.
    package var sweepsAside = false

    package init() {}

    /// The height below which transactions may go, when `tip` is the newest; nil keeps all.
    func blockFloor(at tip: UInt64) -> UInt64? {
        guard role == .full, keepBlocks > 0, tip > keepBlocks else { return nil }
        return tip - keepBlocks + 1
    }

}
