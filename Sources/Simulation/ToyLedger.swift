package import Consensus
internal import Crypto
package import Primitives
package import Wire

/// A ledger whose body is a list of numbers and whose record is a hash chain over bodies.
///
/// Body: one byte, 0 when the block is to be refused; then the proposer's time, u64 big-endian; then each transaction
/// as u64 big-endian. A transaction's low half proves its high half, as a signature would.
package struct ToyLedger: SimulatedLedger {
    private struct Overlay: Sendable {
        let parent: Digest
        let record: CID
        let time: UInt64
        let transactions: Set<UInt64>
    }

    private static let transactionsPerBlockMax = 16
    package static let pendingMax = 2_048
    /// How far a proposer's clock may be off for a vote, in milliseconds.
    private static let skewMax: UInt64 = 2_000

    private var waiting: Set<UInt64> = []
    private var final: Set<UInt64> = []
    /// Over the final transactions, whatever their order.
    private var sum: UInt64 = 0
    private var overlays: [Digest: Overlay] = [:]
    private var head: (hash: Digest, record: CID, time: UInt64)
    package private(set) var backlog = Engine.Backlog.empty

    package init(chain: ChainID) {
        let genesis = Digest(raw: chain.raw)
        head = (genesis, CID(.dagCBOR, genesis), 0)
    }

    package static func transaction(_ number: UInt64) -> UInt64 {
        number << 32 | SeededGenerator.mix(number) & 0xffff_ffff
    }

    package static func isGenuine(_ transaction: UInt64) -> Bool { transaction == Self.transaction(transaction >> 32) }

    package mutating func submit(_ transaction: UInt64) -> Bool {
        guard Self.isGenuine(transaction), waiting.count < Self.pendingMax, !final.contains(transaction),
            waiting.insert(transaction).inserted
        else { return false }
        let isIncluded = overlays.values.contains { $0.transactions.contains(transaction) }
        backlog = Engine.Backlog(hasUnfinalised: true, hasUnproposed: backlog.hasUnproposed || !isIncluded)
        return true
    }

    package var pendingCount: Int { waiting.count }

    package var state: Digest {
        SHA256.hash(head.record.bytes + Self.bytes(sum) + Self.bytes(UInt64(final.count)))
    }

    package mutating func build(_ order: Engine.Order, variant: UInt8, at time: UInt64)
        -> (record: CID, body: [UInt8])?
    {
        guard let parent = tip(order.parent.hash) else { return nil }
        var chosen: [UInt64] = []
        if !order.mustBeEmpty {
            let open = waiting.filter { !isSpent($0, before: order.parent.hash) }
            chosen = Array(open.sorted().prefix(Self.transactionsPerBlockMax))
        }
        let body = Self.body(variant: variant, time: max(time, parent.time + 1), chosen)
        return (Self.record(after: parent.record, body: body), body)
    }

    package mutating func execute(_ block: Block, _ check: Engine.Check, at time: UInt64) -> Engine.Verdict {
        guard let parent = tip(check.parent) else { return .invalid }
        let transactions = Self.transactions(of: block)
        guard Self.isHonest(block), block.header.record == Self.record(after: parent.record, body: block.proposal.body),
            Self.time(of: block) > parent.time, Set(transactions).count == transactions.count,
            transactions.allSatisfy({ Self.isGenuine($0) && !isSpent($0, before: check.parent) })
        else { return .invalid }
        overlays[block.hash] = Overlay(
            parent: check.parent, record: block.header.record, time: Self.time(of: block),
            transactions: Set(transactions))
        refresh()
        let claimed = Self.time(of: block)
        let isOff = claimed > time + Self.skewMax || time > claimed + Self.skewMax
        return isOff || check.mustBeEmpty && !transactions.isEmpty ? .untimely : .valid
    }

    package mutating func commit(_ blocks: [Block]) {
        for block in blocks {
            let transactions = Self.transactions(of: block)
            final.formUnion(transactions)
            for transaction in transactions { sum &+= SeededGenerator.mix(transaction) }
            waiting.subtract(transactions)
            overlays[block.hash] = nil
            head = (block.hash, block.header.record, Self.time(of: block))
        }
        refresh()
    }

    package mutating func drop(_ hashes: [Digest]) {
        for hash in hashes { overlays[hash] = nil }
        refresh()
    }

    package static func isValid(_ block: Block, after parent: Block?, chain: ChainID) -> Bool {
        let before = parent?.header.record ?? CID(.dagCBOR, Digest(raw: chain.raw))
        let transactions = transactions(of: block)
        return isHonest(block) && transactions.allSatisfy { isGenuine($0) }
            && Set(transactions).count == transactions.count && time(of: block) > parent.map { time(of: $0) } ?? 0
            && block.header.record == record(after: before, body: block.proposal.body)
    }

    package static func content(on parent: Block, variant: UInt8, time: UInt64, _ transactions: [UInt64])
        -> (record: CID, body: [UInt8])
    {
        let body = body(variant: variant, time: time, transactions)
        return (record(after: parent.header.record, body: body), body)
    }

    package static func transactions(of block: Block) -> [UInt64] {
        let bytes = block.proposal.body.dropFirst(9)
        return stride(from: bytes.startIndex, to: bytes.endIndex - 7, by: 8).map { number(bytes[$0..<$0 + 8]) }
    }

    package static func time(of block: Block) -> UInt64 { number(block.proposal.body.dropFirst().prefix(8)) }

    private mutating func refresh() {
        let hasUnproposed = waiting.contains { transaction in
            !overlays.values.contains { $0.transactions.contains(transaction) }
        }
        backlog = Engine.Backlog(hasUnfinalised: !waiting.isEmpty, hasUnproposed: hasUnproposed)
    }

    private func tip(_ hash: Digest) -> (record: CID, time: UInt64)? {
        hash == head.hash ? (head.record, head.time) : overlays[hash].map { ($0.record, $0.time) }
    }

    /// Whether a transaction is in `block`, or below it.
    private func isSpent(_ transaction: UInt64, before block: Digest) -> Bool {
        if final.contains(transaction) { return true }
        var cursor = block
        while let overlay = overlays[cursor] {
            if overlay.transactions.contains(transaction) { return true }
            cursor = overlay.parent
        }
        return false
    }

    private static func isHonest(_ block: Block) -> Bool { (block.proposal.body.first ?? 0) > 0 }

    private static func record(after parent: CID, body: [UInt8]) -> CID {
        CID(.dagCBOR, SHA256.hash(parent.bytes + body))
    }

    private static func body(variant: UInt8, time: UInt64, _ transactions: [UInt64]) -> [UInt8] {
        transactions.reduce(into: [variant] + bytes(time)) { $0 += bytes($1) }
    }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
