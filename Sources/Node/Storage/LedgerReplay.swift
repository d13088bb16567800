import Consensus
import Crypto
package import Ledger
package import Primitives
import Wire

/// Executes again what one store holds, into another, and holds every record and result against what was stored.
/// Signatures of transactions are checked; those of consensus are the business of ``ChainVerifier``.
package struct LedgerReplay {
    package struct Report: Sendable, Equatable {
        package var blocks: UInt64 = 0
        package var transactions: UInt64 = 0
    }

    /// The first height that cannot be executed, or comes out otherwise.
    package struct Fault: Error, Hashable, Sendable {
        package let height: Height
        package let what: String
    }

    private let source: ChainStore
    private let target: ChainStore
    private let rules: RuleBook
    private let verifier = SignatureVerifier()
    private var hash = SHA256()
    private var tip: LedgerTip

    /// - Parameters:
    ///   - source: the store whose blocks are executed.
    ///   - target: where they are executed: a store of the same network, new or restored from a snapshot.
    package init(_ source: ChainStore, into target: ChainStore, rules: RuleBook) throws(Fault) {
        self.source = source
        self.target = target
        self.rules = rules
        guard let tip = try? target.tip() else { throw Fault(height: .zero, what: "the new store has no tip") }
        self.tip = tip
    }

    /// Executes every block above the target's tip up to `end`; `progress` hears each height.
    package mutating func run(
        upTo end: Height, _ progress: (Height, Report) -> Void = { _, _ in }
    ) throws(Fault) -> Report {
        var report = Report()
        while tip.record.height < end {
            report.transactions += try step(tip.record.height.next)
            report.blocks += 1
            progress(tip.record.height, report)
        }
        return report
    }

    private mutating func step(_ height: Height) throws(Fault) -> UInt64 {
        func fault(_ what: String) -> Fault { Fault(height: height, what: what) }
        let stored: StoredBlock
        let finalization: Certificate?
        // By them a sealing block may have become final, and without them nothing proves it.
        let echoes: [Block]
        do throws(ChainStoreError) {
            guard let block = try source.block(at: height) else { throw .damaged(ChainTable.block.name) }
            stored = block
            finalization = try source.finalization(at: height)
            echoes = try source.echoes(above: height).map { echo throws(ChainStoreError) in
                guard let block = Block(echo, with: &hash) else { throw .damaged(ChainTable.echo.name) }
                return block
            }
        } catch {
            switch error {
            case .pruned: throw fault("its transactions are pruned here")
            case .erased: throw fault("some of its transactions are erased")
            default: throw fault("the block cannot be read: \(error)")
            }
        }
        guard let block = Block(stored.proposal, with: &hash), let content = try? stored.ledgerBlock() else {
            throw fault("the body is not the header's")
        }
        var transactions: [Verified<ParsedTransaction>] = []
        transactions.reserveCapacity(content.transactions.count)
        for (index, bytes) in content.transactions.enumerated() {
            guard
                let parsed = try? ParsedTransaction(
                    bytes, chain: rules.chain, limits: rules.genesis.limits, with: &hash),
                let verified = verifier.verified(parsed, in: rules.chain)
            else { throw fault("transaction \(index) is malformed or badly signed") }
            transactions.append(verified)
        }
        let recovery = content.recovery.flatMap { verifier.verified($0, in: rules.chain) }
        guard (recovery == nil) == (content.recovery == nil) else {
            throw fault("a signature of the recovery document does not hold")
        }
        let executed: ExecutedBlock
        do throws(BlockFault) {
            executed = try rules.process(
                content.record, transactions, recovery: recovery, on: tip, over: target, with: &hash)
        } catch {
            throw fault("executing it again gives another record: \(error)")
        }
        guard executed.results.map(\.code) == stored.codes else { throw fault("the stored result codes differ") }
        do throws(ChainStoreError) {
            try target.commit([(block: block, executed: executed)], finalization: finalization, echoes: echoes)
        } catch {
            throw fault("the new store cannot be written: \(error)")
        }
        tip = executed.tip
        return UInt64(transactions.count)
    }
}
