import Consensus
import Ledger
import Primitives

/// The tables of a node's store: one prefix byte each, then the key. Integers are big-endian, so that LevelDB's order
/// is theirs. The numbers never change; a store of a newer layout is refused by its version.
enum ChainTable: UInt8, CaseIterable {
    /// – → layout version u64
    case version = 0x00
    /// – → chain id
    case chain = 0x01
    /// – → nothing, while blocks of layout 1 are being moved
    case migration = 0x02
    /// – → the lowest height whose transactions are here; absent for 1
    case blockFloor = 0x03
    /// – → nothing: every block here is in the index `erasable`
    case indexed = 0x04
    /// 0 or, once done, 1; table u8, key → nothing: what was replaced or deleted there is to leave LevelDB's files
    case sweep = 0x05
    /// – → height and root of the version of the state tree that is here; absent in an archive
    case settledTree = 0x06
    /// – → the tip: record, log frontier, state root
    case tip = 0x10
    /// height u64 → where the finalised block lies, a `BodyPlace`; absent below the floor
    case block = 0x11
    /// height u64 → finalization certificate, where one was formed for this very block
    case finalization = 0x12
    /// transaction id → height u64, index u32, result code u16
    case transaction = 0x13
    /// level u8, index u64 → hashes of perfect subtrees of the log, from that one on: a `LogRun`
    case log = 0x14
    /// state key → value
    case state = 0x15
    /// node key → state tree node, of the settled version; in an archive of every one
    case treeNode = 0x16
    /// height u64 at which it became stale, node key → nothing; in an archive only
    case staleNode = 0x17
    /// height u64 → what is remembered of the block's transactions: see `ReplayRows`
    case replay = 0x18
    /// block hash → height u64
    case blockHash = 0x19
    /// height u64 → header, signature and record of a finalised block: a `StoredHead`, never pruned
    case head = 0x1a
    /// segment u64, offset u32, byte count u32 → nothing, or 1 once done: an entry that is to be zeros in the file
    case scrub = 0x1b
    /// mark of what may be erased, height u64, index u32 → nothing: a transaction that would go with it
    case erasable = 0x1c
    /// validator epoch u64 → its last height u64, and the list of the next epoch's validators
    case epochEnd = 0x1d
    /// height u64 of a sealing block, view u64 → proposal of an echo that led to its finality
    case echo = 0x1e
    /// due time u64, mark of what was erased → height u64 up to which its transactions go: not done yet
    case erasing = 0x1f
    /// view u64, block hash → proposal that is not final, or final and not yet in a segment file
    case pendingBlock = 0x20
    /// view u64, kind u8, hash → certificate above the last finalised view
    case certificate = 0x21
    /// view u64, kind u8 → own vote
    case vote = 0x22
    /// height u64 above the settled one → what the block changed in the state tree; not in an archive
    case treeChange = 0x23
    /// validator epoch u64 → the recovery document that ended it in place of its validators
    case recovery = 0x24

    /// A metric's label.
    var name: String { String(describing: self) }

    func key(_ parts: [UInt8]...) -> [UInt8] {
        // A transaction costs a dozen keys: each is one allocation.
        var output: [UInt8] = []
        output.reserveCapacity(parts.reduce(1) { $0 + $1.count })
        output.append(rawValue)
        for part in parts { output.append(contentsOf: part) }
        return output
    }
    func key(_ height: Height) -> [UInt8] { key(bigEndian(height.rawValue)) }
    func key(_ view: View, _ rest: [UInt8] = []) -> [UInt8] { [rawValue] + bigEndian(view.rawValue) + rest }
    func key(_ id: some Identifier) -> [UInt8] { [rawValue] + id.bytes }
}

/// Eight bytes, most significant first.
func bigEndian(_ value: UInt64) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(8)
    for shift in stride(from: UInt64(56), through: 0, by: -8) {
        output.append(UInt8(truncatingIfNeeded: value >> shift))
    }
    return output
}

/// Reads up to eight bytes, most significant first.
func bigEndian(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
