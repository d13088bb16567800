/// What will happen, by virtual time in microseconds; what was planned first comes first among equals. A binary heap.
package struct Agenda<Item: Sendable>: Sendable {
    private struct Entry: Sendable {
        let time: UInt64
        let order: UInt64
        let item: Item

        func precedes(_ other: Entry) -> Bool { (time, order) < (other.time, other.order) }
    }

    private var heap: [Entry] = []
    private var planned: UInt64 = 0

    package init() {}

    package var count: Int { heap.count }
    /// When the next thing happens.
    package var nextTime: UInt64? { heap.first?.time }

    package mutating func plan(_ item: Item, at time: UInt64) {
        heap.append(Entry(time: time, order: planned, item: item))
        planned += 1
        var child = heap.count - 1
        while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    package mutating func next() -> (time: UInt64, item: Item)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                    if heap[child].precedes(heap[least]) { least = child }
                }
                guard least != parent else { break }
                heap.swapAt(parent, least)
                parent = least
            }
        }
        return (first.time, first.item)
    }
}
