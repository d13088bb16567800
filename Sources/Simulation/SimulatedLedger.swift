package import Consensus
package import Primitives
package import Wire

/// What the simulated validators agree on. `ToyLedger` is the small one; a ledger that executes real transactions fits
/// behind the same protocol. Times are wall-clock milliseconds.
package protocol SimulatedLedger: Sendable {
    /// A ledger that holds nothing but genesis.
    init(chain: ChainID)
    /// The transaction that a client would sign as its `number`-th; every other one is invented.
    static func transaction(_ number: UInt64) -> UInt64
    static func isGenuine(_ transaction: UInt64) -> Bool
    /// Takes a transaction that a client or a peer brought; false when it was here before, is invented, or finds no
    /// room.
    mutating func submit(_ transaction: UInt64) -> Bool
    /// Transactions that may wait for finality at one member; more are turned away.
    static var pendingMax: Int { get }
    var pendingCount: Int { get }
    var backlog: Engine.Backlog { get }
    /// A digest of everything that the finalised blocks brought about.
    var state: Digest { get }
    /// Builds a block's content on an executed parent; nil when the parent is not known any longer. Contents of variant
    /// 0 are to be refused by correct validators; the others differ from each other and are valid.
    mutating func build(_ order: Engine.Order, variant: UInt8, at time: UInt64) -> (record: CID, body: [UInt8])?
    /// Notes what was built, or executes what came.
    mutating func execute(_ block: Block, _ check: Engine.Check, at time: UInt64) -> Engine.Verdict
    mutating func commit(_ blocks: [Block])
    mutating func drop(_ hashes: [Digest])
    /// Whether a correct validator may ever commit this block after `parent`.
    static func isValid(_ block: Block, after parent: Block?, chain: ChainID) -> Bool
    /// What a forger puts into a block on `parent`.
    static func content(on parent: Block, variant: UInt8, time: UInt64, _ transactions: [UInt64])
        -> (record: CID, body: [UInt8])
    static func transactions(of block: Block) -> [UInt64]
    static func time(of block: Block) -> UInt64
}
