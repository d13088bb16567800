package import Primitives
package import Wire

/// The last finalised block that the store holds.
package struct FinalisedHead: Sendable, Equatable {
    package let block: BlockReference
    package let height: Height
    /// The ledger record that it carries. Nil for the genesis block, which nobody need name.
    package let record: CID?
    /// Nil for the genesis block only.
    package let finalization: Certificate?
    /// What `finalization` is of, when a block that repeats this one's record was finalised in its stead (S-13).
    package let echo: EngineHeader?

    package init(
        block: BlockReference, height: Height, record: CID? = nil, finalization: Certificate?,
        echo: EngineHeader? = nil
    ) {
        self.block = block
        self.height = height
        self.record = record
        self.finalization = finalization
        self.echo = echo
    }

    package static func genesis(of chain: ChainID) -> FinalisedHead {
        FinalisedHead(block: .genesis(of: chain), height: .zero, finalization: nil)
    }
}

/// What the disk gave back at the start.
package struct Restored: Sendable, Equatable {
    package let head: FinalisedHead
    package let votes: Guard
    /// Those persisted above the head, in any order.
    package let certificates: [Certificate]
    /// Those persisted above the head, in any order.
    package let blocks: [Block]

    package init(head: FinalisedHead, votes: Guard, certificates: [Certificate], blocks: [Block]) {
        self.head = head
        self.votes = votes
        self.certificates = certificates
        self.blocks = blocks
    }

    /// A validator that starts with nothing.
    package static func fresh(chain: ChainID) -> Restored {
        Restored(
            head: .genesis(of: chain), votes: Guard(votes: [], of: .zero, epoch: .zero), certificates: [], blocks: [])
    }
}
