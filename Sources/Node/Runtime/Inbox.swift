import Primitives
import Synchronization

/// Messages on their way from the links' thread to the chain's, bounded, in two queues: what is about consensus goes
/// before transactions, each in its order. The chain takes a batch at a time, so that its timers and votes come
/// between.
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

        mutating func take(_ count: Int) -> [Item] {
            let taken = Array(items.prefix(count))
            items.removeFirst(taken.count)
            byteCount -= taken.reduce(0) { $0 + $1.byteCount }
            return taken
        }
    }

    private struct State {
        var consensus = Queue()
        var transactions = Queue()
        var isBeingDrained = false
        var droppedCount: UInt64 = 0
    }

    /// Bounds of each of the two queues.
    static let itemsMax = 8_192
    static let bytesMax = 64 << 20
    /// Messages of each queue in one batch.
    static let consensusPerBatch = 256
    static let transactionsPerBatch = 4

    private let state = Mutex(State())

    var droppedCount: UInt64 { state.withLock { $0.droppedCount } }

    /// True when the receiver must be woken.
    func put(_ item: Item) -> Bool {
        state.withLock { state in
            let isQueued =
                switch item {
                case .consensus: Self.append(item, to: &state.consensus)
                case .transactions: Self.append(item, to: &state.transactions)
                }
            if !isQueued { state.droppedCount += 1 }
            guard isQueued, !state.isBeingDrained else { return false }
            state.isBeingDrained = true
            return true
        }
    }

    private static func append(_ item: Item, to queue: inout Queue) -> Bool {
        guard queue.items.count < itemsMax, queue.byteCount + item.byteCount <= bytesMax else { return false }
        queue.items.append(item)
        queue.byteCount += item.byteCount
        return true
    }

    /// The next batch; when it is empty, the receiver sleeps until it is woken.
    func takeBatch() -> [Item] {
        state.withLock { state in
            let batch =
                state.consensus.take(Self.consensusPerBatch) + state.transactions.take(Self.transactionsPerBatch)
            if batch.isEmpty { state.isBeingDrained = false }
            return batch
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
