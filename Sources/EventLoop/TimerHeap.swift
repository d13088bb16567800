/// Names one timer of one loop; never used twice.
package struct TimerID: Hashable, Sendable {
    let number: UInt64
}

/// What waits for a time: a binary heap by deadline, with the bodies beside it. A cancelled timer leaves its heap
/// entry behind; when more than half of the heap is such entries it is built anew, so the heap stays within twice
/// the number of live timers.
struct TimerHeap {
    private struct Entry {
        let deadline: Int64
        let number: UInt64

        static func < (left: Entry, right: Entry) -> Bool {
            (left.deadline, left.number) < (right.deadline, right.number)
        }
    }

    private var heap: [Entry] = []
    private var bodies: [UInt64: () -> Void] = [:]
    private var lastNumber: UInt64 = 0

    var count: Int { bodies.count }
    /// Heap entries, live and cancelled.
    var entryCount: Int { heap.count }

    /// The earliest deadline of a live timer.
    mutating func nextDeadline() -> Int64? {
        while let first = heap.first, bodies[first.number] == nil { removeFirst() }
        return heap.first?.deadline
    }

    mutating func insert(deadline: Int64, _ body: @escaping () -> Void) -> TimerID {
        lastNumber += 1
        bodies[lastNumber] = body
        heap.append(Entry(deadline: deadline, number: lastNumber))
        siftUp(from: heap.count - 1)
        return TimerID(number: lastNumber)
    }

    /// Forgets the timer; one that fired or was cancelled before is ignored.
    mutating func cancel(_ id: TimerID) {
        guard bodies.removeValue(forKey: id.number) != nil else { return }
        if heap.count > 64, heap.count > 2 * bodies.count { rebuild() }
    }

    /// Takes out the earliest timer due at `now`. Timers of one deadline come in the order they were made.
    mutating func takeDue(at now: Int64) -> (() -> Void)? {
        guard let deadline = nextDeadline(), deadline <= now, let first = heap.first else { return nil }
        removeFirst()
        return bodies.removeValue(forKey: first.number)
    }

    mutating func removeAll() {
        heap = []
        bodies = [:]
    }

    private mutating func rebuild() {
        heap = heap.filter { bodies[$0.number] != nil }.sorted(by: <)
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private mutating func siftUp(from start: Int) {
        var child = start
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }
}
