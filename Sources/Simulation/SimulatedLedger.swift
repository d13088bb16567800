package import Consensus
package import Primitives
package import Wire

/// What the simulated validators agree on. `ToyLedger` is the small one; a ledger that executes real transactions fits
/// behind the same protocol.
package protocol SimulatedLedger: Sendable {
    /// A ledger that holds nothing but genesis.
    init(chain: ChainID)
    /// Takes a transaction that a client or a peer brought; false when it was here before.
    mutating func submit(_ transaction: UInt64) -> Bool
    /// Transactions not yet final, ascending.
    var pending: [UInt64] { get }
    var backlog: Engine.Backlog { get }
    /// Builds a block's content on an executed parent; nil when the parent is not known any longer. Contents of variant
    /// 0 are to be refused by correct validators; the others differ from each other and are valid.
    mutating func build(_ order: Engine.Order, variant: UInt8) -> (record: CID, body: [UInt8])?
    /// Notes what was built, or executes what came.
    mutating func execute(_ block: Block, _ check: Engine.Check) -> Engine.Verdict
    mutating func commit(_ blocks: [Block])
    mutating func drop(_ hashes: [Digest])
    /// Whether a correct validator may ever commit this block after `parent`.
    static func isValid(_ block: Block, after parent: Block?, chain: ChainID) -> Bool
    static func transactions(of block: Block) -> [UInt64]
}
