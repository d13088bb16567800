package import Consensus
package import Ledger
import Primitives
package import Wire

/// A row of kind `head`: what stays of a block for ever. `[head, finalization or null]`, and of a block that seals its
/// validator epoch `[head, finalization, next validators, echoes]`; where operators ended it, their document besides.
package struct SnapshotHead: WireObject {
    /// How a validator epoch ended.
    package struct Seal: Hashable, Sendable {
        /// Echoes in one row: with the sealing block's own, as many headers as a proof may have.
        package static let echoCountMax = SimplexProof.headerCountMax - 1

        /// Who takes over.
        package let next: ValidatorList
        /// From the lowest to the finalised one, which stands alone where all would be too many; none where the
        /// sealing block was finalised itself.
        package let echoes: [Proposal]
        /// What ended the epoch in place of its validators.
        package let recovery: RecoveryDocument?

        package init(next: ValidatorList, echoes: [Proposal], recovery: RecoveryDocument? = nil) {
            self.next = next
            self.echoes = echoes
            self.recovery = recovery
        }
    }

    package let head: StoredHead
    package let finalization: Certificate?
    /// Only of a block that seals its validator epoch.
    package let seal: Seal?

    package init(head: StoredHead, finalization: Certificate?, seal: Seal? = nil) {
        self.head = head
        self.finalization = finalization
        self.seal = seal
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let count = try reader.arrayHeader(max: 5)
        guard count == 2 || count >= 4 else { throw .badValue(field: "head") }
        head = try StoredHead(from: &reader)
        finalization = count == 2 && reader.nullIfPresent() ? nil : try Certificate(from: &reader)
        if count >= 4 {
            let next = try ValidatorList(from: &reader)
            let echoes = try reader.array(max: Seal.echoCountMax) { inner throws(WireError) in
                try Proposal(from: &inner)
            }
            let recovery = count == 5 ? try RecoveryDocument(from: &reader) : nil
            seal = Seal(next: next, echoes: echoes, recovery: recovery)
        } else {
            seal = nil
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: seal == nil ? 2 : seal?.recovery == nil ? 4 : 5)
        head.encode(into: &writer)
        if let finalization { finalization.encode(into: &writer) } else { writer.null() }
        if let seal {
            seal.next.encode(into: &writer)
            writer.array(seal.echoes) { $1.encode(into: &$0) }
            seal.recovery?.encode(into: &writer)
        }
    }

    /// The header that the finalization is of: that of the newest echo, where the block became final by one.
    package var finalisedHeader: EngineHeader { seal?.echoes.last?.header ?? head.header }

    /// That the record is final; nil where it became so with a later block.
    package var finality: FinalityProof? {
        finalization.map { .simplex(SimplexProof(finalization: $0, headers: [finalisedHeader])) }
    }
}
