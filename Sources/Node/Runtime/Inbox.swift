import Primitives
import Synchronization

/// Messages on their way from the links' thread to the chain's: in order, bounded, and one wake-up for many.
///
/// When it is full, transactions are dropped first, since their senders say them again; then the oldest of what is
/// left, which the engine asks for again.
final class Inbox: Sendable {
    enum Item: Sendable {
        case consensus(MemberID, [UInt8])
        case transactions([UInt8])
    }

    private struct State {
        var items: [Item] = []
        var byteCount = 0
        var droppedCount: UInt64 = 0
    }

    static let itemsMax = 65_536
    static let bytesMax = 256 << 20

    private let state = Mutex(State())

    var droppedCount: UInt64 { state.withLock { $0.droppedCount } }

    /// True when the receiver must be woken.
    func put(_ item: Item) -> Bool {
        state.withLock { state in
            let size = item.byteCount
            if state.items.count >= Self.itemsMax || state.byteCount + size > Self.bytesMax {
                state.droppedCount += 1
                guard case .consensus = item, let first = state.items.first else { return false }
                state.byteCount -= first.byteCount
                state.items.removeFirst()
            }
            state.items.append(item)
            state.byteCount += size
            return state.items.count == 1
        }
    }

    func takeAll() -> [Item] {
        state.withLock { state in
            let items = state.items
            state.items = []
            state.byteCount = 0
            return items
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
