/// Who hears whom, and when the last message of each to each arrives.
struct Network: Sendable {
    /// `isCut[from][to]`: nothing passes for now.
    var isCut: [[Bool]]
    /// `isSplit[from][to]`: nothing ever passes.
    var isSplit: [[Bool]]
    /// When the last message of each pair arrives.
    var lastArrival: [[UInt64]]

    init(count: Int) {
        isCut = Array(repeating: Array(repeating: false, count: count), count: count)
        isSplit = isCut
        lastArrival = Array(repeating: Array(repeating: 0, count: count), count: count)
    }

    func passes(from sender: Int, to receiver: Int) -> Bool {
        !isCut[sender][receiver] && !isSplit[sender][receiver]
    }

    mutating func join() {
        for sender in isCut.indices { for receiver in isCut.indices { isCut[sender][receiver] = false } }
    }
}
