import Ledger
import Primitives

/// The newest versions of the state tree, in memory.
///
/// What a block writes near the root, the next block writes again. So the nodes of new versions stay in memory, and the
/// disk gets the changes that made them, 65 bytes for each fact. From time to time the tree is *settled*: the nodes
/// that the oldest version kept still needs go to LevelDB, and those that it does without go from there. In between
/// nearly all nodes have come and gone without touching the disk. At a start the changes are applied to the settled
/// tree again, which gives the same nodes.
struct TreeWindow: Sendable {
    /// A version of the tree: the height that wrote it, and its root.
    struct Version: Equatable, Sendable {
        let height: Height
        let root: TreeChild?
    }

    /// What settling writes and deletes.
    struct Settlement: Sendable {
        let version: Version
        fileprivate(set) var written: [(TreeNodeKey, TreeNode)] = []
        /// Keys that are on the disk.
        fileprivate(set) var deleted: [TreeNodeKey] = []
        /// Heights whose changes need not be applied any more.
        fileprivate(set) var heights: [Height] = []
    }

    private struct Block: Sendable {
        let version: Version
        let nodes: [TreeNodeKey: TreeNode]
        let stale: [TreeNodeKey]
    }

    /// Heights that gather before the next settling: the more, the fewer nodes are written, and the longer it takes.
    static let stride: UInt64 = 32

    /// The version that is on the disk.
    private(set) var settled: Version
    /// One for each height above the settled one. A node's key tells in which it is.
    private var blocks: [Block] = []
    private var nodeCount = 0

    init(settled: Version) { self.settled = settled }

    /// The newest version.
    var newest: Version { blocks.last?.version ?? settled }

    func node(at key: TreeNodeKey) -> TreeNode? {
        guard key.version > settled.height, key.version <= newest.height else { return nil }
        return blocks[Int(key.version.rawValue - settled.height.rawValue) - 1].nodes[key]
    }

    /// For each height its nodes and what it made stale: for a store that keeps them all.
    var all: [(height: Height, nodes: [TreeNodeKey: TreeNode], stale: [TreeNodeKey])] {
        blocks.map { ($0.version.height, $0.nodes, $0.stale) }
    }

    /// - Parameter height: the next one.
    mutating func add(_ update: StateTree.Update, at height: Height) {
        precondition(height == newest.height.next, "a version of the state tree is missing")
        let version = Version(height: height, root: update.root)
        blocks.append(Block(version: version, nodes: update.nodes, stale: update.stale))
        nodeCount += update.nodes.count
    }

    /// What must be settled now, if anything, so that `keep` versions stay besides the newest; or fewer, the newer
    /// half, when there are more than `nodeCountMax` nodes.
    func due(keeping keep: UInt64, nodeCountMax: Int) -> Settlement? {
        let count = UInt64(blocks.count)
        if count >= Self.stride, count - Self.stride >= keep { return settlement(of: Int(count - keep)) }
        return nodeCount > nodeCountMax ? settlement(of: max(1, blocks.count / 2)) : nil
    }

    private func settlement(of count: Int) -> Settlement? {
        guard count > 0, count <= blocks.count else { return nil }
        var settlement = Settlement(version: blocks[count - 1].version)
        var gone: Set<TreeNodeKey> = []
        for block in blocks[..<count] {
            settlement.heights.append(block.version.height)
            for key in block.stale {
                if key.version > settled.height { gone.insert(key) } else { settlement.deleted.append(key) }
            }
        }
        for block in blocks[..<count] {
            settlement.written += block.nodes.lazy.filter { !gone.contains($0.key) }.map { ($0.key, $0.value) }
        }
        settlement.written.sort { $0.0 < $1.0 }
        return settlement
    }

    /// Notes that a settlement is on the disk.
    mutating func settle(_ settlement: Settlement) {
        nodeCount -= blocks[..<settlement.heights.count].reduce(0) { $0 + $1.nodes.count }
        blocks.removeFirst(settlement.heights.count)
        settled = settlement.version
    }
}
