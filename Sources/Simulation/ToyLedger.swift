package import Consensus
internal import Crypto
package import Primitives
package import Wire

/// A ledger whose body is a list of numbers and whose record is a hash chain over bodies.
///
/// Body: one byte, 0 when the block is to be refused; then each transaction as u64 big-endian.
package struct ToyLedger: SimulatedLedger {
    private struct Overlay: Sendable {
        let parent: Digest
        let record: CID
        let transactions: Set<UInt64>
    }

    private static let transactionsPerBlockMax = 16

    private var waiting: Set<UInt64> = []
    private var final: Set<UInt64> = []
    private var overlays: [Digest: Overlay] = [:]
    private var head: (hash: Digest, record: CID)

    package init(chain: ChainID) {
        let genesis = Digest(raw: chain.raw)
        head = (genesis, CID(.dagCBOR, genesis))
    }

    package mutating func submit(_ transaction: UInt64) -> Bool {
        !final.contains(transaction) && waiting.insert(transaction).inserted
    }

    package var pending: [UInt64] { waiting.sorted() }

    package var backlog: Engine.Backlog {
        let included = overlays.values.reduce(into: Set<UInt64>()) { $0.formUnion($1.transactions) }
        return Engine.Backlog(
            hasUnfinalised: !waiting.isEmpty, hasUnproposed: waiting.contains { !included.contains($0) })
    }

    package mutating func build(_ order: Engine.Order, variant: UInt8) -> (record: CID, body: [UInt8])? {
        guard let parent = record(of: order.parent.hash) else { return nil }
        let spent = ancestry(of: order.parent.hash)
        let chosen = order.mustBeEmpty ? [] : waiting.subtracting(spent).sorted().prefix(Self.transactionsPerBlockMax)
        var body: [UInt8] = [variant]
        for transaction in chosen {
            for shift in stride(from: 56, through: 0, by: -8) {
                body.append(UInt8(truncatingIfNeeded: transaction >> UInt64(shift)))
            }
        }
        return (Self.record(after: parent, body: body), body)
    }

    package mutating func execute(_ block: Block, _ check: Engine.Check) -> Engine.Verdict {
        guard let parent = record(of: check.parent) else { return .invalid }
        let transactions = Self.transactions(of: block)
        guard Self.isHonest(block), block.header.record == Self.record(after: parent, body: block.proposal.body),
            Set(transactions).isDisjoint(with: ancestry(of: check.parent))
        else { return .invalid }
        overlays[block.hash] = Overlay(
            parent: check.parent, record: block.header.record, transactions: Set(transactions))
        return check.mustBeEmpty && !transactions.isEmpty ? .untimely : .valid
    }

    package mutating func commit(_ blocks: [Block]) {
        for block in blocks {
            let transactions = Self.transactions(of: block)
            final.formUnion(transactions)
            waiting.subtract(transactions)
            overlays[block.hash] = nil
            head = (block.hash, block.header.record)
        }
    }

    package mutating func drop(_ hashes: [Digest]) {
        for hash in hashes { overlays[hash] = nil }
    }

    package static func isValid(_ block: Block, after parent: Block?, chain: ChainID) -> Bool {
        let before = parent?.header.record ?? CID(.dagCBOR, Digest(raw: chain.raw))
        return isHonest(block)
            && block.header.record == record(after: before, body: block.proposal.body)
    }

    package static func transactions(of block: Block) -> [UInt64] {
        let bytes = block.proposal.body.dropFirst()
        return stride(from: bytes.startIndex, to: bytes.endIndex - 7, by: 8).map { start in
            bytes[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
    }

    private func record(of hash: Digest) -> CID? { hash == head.hash ? head.record : overlays[hash]?.record }

    private func ancestry(of hash: Digest) -> Set<UInt64> {
        var transactions = final
        var cursor = hash
        while let overlay = overlays[cursor] {
            transactions.formUnion(overlay.transactions)
            cursor = overlay.parent
        }
        return transactions
    }

    private static func isHonest(_ block: Block) -> Bool { (block.proposal.body.first ?? 0) > 0 }

    private static func record(after parent: CID, body: [UInt8]) -> CID {
        CID(.dagCBOR, SHA256.hash(parent.bytes + body))
    }
}
