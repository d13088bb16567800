import Primitives
import Synchronization

/// Messages on their way from the links' thread to the chain's, bounded, in two queues, each in its order. What is
/// about consensus the chain takes itself, a batch at a time, so that its timers come between; transactions go by way
/// of the pool, which checks their signatures.
///
/// When the queue of transactions is full, new ones are dropped: their senders say them again. When that of consensus
/// is, the new message is dropped, which the engine asks for again.
final class Inbox: Sendable {
    enum Item: Sendable {
        case consensus(MemberID, [UInt8])
        case transactions([UInt8])
    }

    private struct Queue {
        var items: [Item] = []
        var byteCount = 0
        var isBeingDrained = false

        /// When there is none, the receiver sleeps until it is woken.
        mutating func take(_ count: Int) -> [Item] {
            let taken = Array(items.prefix(count))
            items.removeFirst(taken.count)
            byteCount -= taken.reduce(0) { $0 + $1.byteCount }
            if taken.isEmpty { isBeingDrained = false }
            return taken
        }
    }

    /// Who must be woken.
    enum Sleeper { case chain, checker }

    private struct State {
        var consensus = Queue()
        var transactions = Queue()
        var droppedCount: UInt64 = 0
    }

    /// Bounds of each of the two queues.
    static let itemsMax = 8_192
    static let bytesMax = 64 << 20
    /// Messages of each queue in one batch.
    static let consensusPerBatch = 256
    static let transactionsPerBatch = 8

    private let state = Mutex(State())

    var droppedCount: UInt64 { state.withLock { $0.droppedCount } }

    /// Queues a message; who must be woken for it, if anybody.
    func put(_ item: Item) -> Sleeper? {
        state.withLock { state in
            let (isQueued, isAsleep) =
                switch item {
                case .consensus: Self.append(item, to: &state.consensus)
                case .transactions: Self.append(item, to: &state.transactions)
                }
            if !isQueued { state.droppedCount += 1 }
            guard isAsleep else { return nil }
            switch item {
            case .consensus: return .chain
            case .transactions: return .checker
            }
        }
    }

    private static func append(_ item: Item, to queue: inout Queue) -> (isQueued: Bool, isAsleep: Bool) {
        guard queue.items.count < itemsMax, queue.byteCount + item.byteCount <= bytesMax else { return (false, false) }
        queue.items.append(item)
        queue.byteCount += item.byteCount
        defer { queue.isBeingDrained = true }
        return (true, !queue.isBeingDrained)
    }

    /// The next messages about consensus; when there are none, the chain sleeps until it is woken.
    func takeConsensus() -> [(MemberID, [UInt8])] {
        state.withLock { $0.consensus.take(Self.consensusPerBatch) }.compactMap { item in
            if case .consensus(let peer, let bytes) = item { (peer, bytes) } else { nil }
        }
    }

    /// The next messages with transactions; when there are none, the checker sleeps until it is woken.
    func takeTransactions() -> [[UInt8]] {
        state.withLock { $0.transactions.take(Self.transactionsPerBatch) }.compactMap { item in
            if case .transactions(let bytes) = item { bytes } else { nil }
        }
    }
}

extension Inbox.Item {
    var byteCount: Int {
        switch self {
        case .consensus(_, let bytes), .transactions(let bytes): bytes.count
        }
    }
}
