package import Primitives

/// Transactions that wait for a block: admitted, bounded by bytes and by sender, handed out fairly.
///
/// The problem: one busy sender must not starve the rest, and a full pool must say so instead of growing. The idea:
/// each charged member has a queue of its own, and blocks take one transaction from each queue in turn. A transaction
/// whose predecessor has not succeeded waits aside, within the same bounds. Clauses LG-100 to LG-106.
package struct Mempool: Sendable, Equatable {
    package struct Limits: Sendable, Equatable {
        /// All pending transactions together, in bytes.
        package let bytesMax: UInt64
        /// Pending transactions charged to one member.
        package let perSenderMax: UInt64
        /// What a full pool tells a client to wait, in milliseconds. Default 500: a few blocks.
        package let retryAfterMilliseconds: UInt64

        package init(bytesMax: UInt64, perSenderMax: UInt64, retryAfterMilliseconds: UInt64 = 500) {
            self.bytesMax = bytesMax
            self.perSenderMax = perSenderMax
            self.retryAfterMilliseconds = retryAfterMilliseconds
        }

        package init(_ limits: NetworkLimits) {
            self.init(bytesMax: limits.pendingBytes, perSenderMax: limits.pendingPerSender)
        }
    }

    /// What became of a transaction that was handed in.
    package enum Answer: Equatable, Sendable {
        case taken
        /// Here already: the same answer as before, no harm done.
        case known
        case busy(retryAfterMilliseconds: UInt64)
        case faulty(TransactionFault)
        case failing(TransactionResult)
    }

    private struct Entry: Sendable, Equatable {
        let transaction: Verified<ParsedTransaction>
        let charged: MemberID
        let waitsFor: TransactionID?
    }

    /// Ready transactions of one member, oldest first. It may name some that are gone: those at the front are let go,
    /// those behind are skipped, so that leaving costs nothing.
    private struct Queue: Sendable, Equatable {
        var ids: [TransactionID] = []
        var head = 0
    }

    private let limits: Limits
    private var entries: [TransactionID: Entry] = [:]
    private var queues: [MemberID: Queue] = [:]
    /// Ids by the second of their `until`.
    private var expiries: [UInt64: [TransactionID]] = [:]
    /// Charged members with a queue, in the order of their turns.
    private var turns: [MemberID] = []
    private var pendingCounts: [MemberID: UInt64] = [:]
    private var waiting: [TransactionID: [TransactionID]] = [:]
    private var bytes: UInt64 = 0
    /// Transactions of blocks that are executed and not final, with the number of those blocks; here or not.
    private var flying: [TransactionID: Int] = [:]
    /// Ready ones in no such block.
    private var freeCount = 0
    /// Ones here that are in such a block.
    private var flyingCount = 0

    package init(_ limits: Limits) { self.limits = limits }

    package var count: Int { entries.count }
    package var byteCount: UInt64 { bytes }
    package var isEmpty: Bool { entries.isEmpty }
    package func contains(_ id: TransactionID) -> Bool { entries[id] != nil }
    /// The bytes of a transaction that is held.
    package func envelope(_ id: TransactionID) -> [UInt8]? { entries[id]?.transaction.value.bytes }
    /// Something is ready for a block, and in none that may still become final.
    package var hasFree: Bool { freeCount > 0 }
    /// Something is ready for a block, or in one that may still become final.
    package var hasPending: Bool { freeCount > 0 || flyingCount > 0 }

    /// Takes note of a block that was executed: what it holds is under way (LG-106).
    package mutating func executed(_ block: ExecutedBlock) {
        for transaction in block.transactions {
            let count = flying[transaction.id, default: 0]
            flying[transaction.id] = count + 1
            guard count == 0, let entry = entries[transaction.id] else { continue }
            flyingCount += 1
            if entry.waitsFor == nil { freeCount -= 1 }
        }
    }

    /// Takes note that an executed block is final, after `finalised`, or will never be (LG-106).
    package mutating func settled(_ block: ExecutedBlock) {
        for transaction in block.transactions {
            guard let count = flying[transaction.id] else { continue }
            flying[transaction.id] = count > 1 ? count - 1 : nil
            guard count == 1, let entry = entries[transaction.id] else { continue }
            flyingCount -= 1
            if entry.waitsFor == nil { freeCount += 1 }
        }
    }

    /// Takes in what admission has judged.
    package mutating func receive(
        _ transaction: Verified<ParsedTransaction>, judged verdict: Admission.Verdict
    ) -> Answer {
        switch verdict {
        case .faulty(let fault): return .faulty(fault)
        case .failing(let result): return .failing(result)
        case .admitted(let charged): return take(transaction, charged: charged, waitsFor: nil)
        case .waits(let predecessor, let charged): return take(transaction, charged: charged, waitsFor: predecessor)
        }
    }

    private mutating func take(
        _ transaction: Verified<ParsedTransaction>, charged: MemberID, waitsFor: TransactionID?
    ) -> Answer {
        let id = transaction.value.id
        if entries[id] != nil { return .known }  // LG-100
        let size = UInt64(transaction.value.bytes.count)
        guard bytes + size <= limits.bytesMax, pendingCounts[charged, default: 0] < limits.perSenderMax else {
            return .busy(retryAfterMilliseconds: limits.retryAfterMilliseconds)  // LG-101
        }
        entries[id] = Entry(transaction: transaction, charged: charged, waitsFor: waitsFor)
        bytes += size
        pendingCounts[charged, default: 0] += 1
        if flying[id] != nil { flyingCount += 1 }
        expiries[transaction.value.transaction.until.rawValue / 1_000, default: []].append(id)
        if let waitsFor {
            waiting[waitsFor, default: []].append(id)  // LG-102
        } else {
            enqueue(id, charged)
        }
        return .taken
    }

    private mutating func enqueue(_ id: TransactionID, _ charged: MemberID) {
        if queues[charged] == nil { turns.append(charged) }
        queues[charged, default: Queue()].ids.append(id)
        if flying[id] == nil { freeCount += 1 }
    }

    /// The transactions for a block at `time`, without removing them: one of each member in turn, oldest first, as long
    /// as they fit (LG-103). `excluded` are those in blocks that are not final yet.
    package mutating func candidates(
        at time: Timestamp, bytesMax: UInt64, countMax: Int, excluding excluded: Set<TransactionID> = []
    ) -> [Verified<ParsedTransaction>] {
        letGo()
        var chosen: [Verified<ParsedTransaction>] = []
        var room = bytesMax
        var places = turns.map { queues[$0]?.head ?? 0 }
        var open = Array(turns.indices)
        while !open.isEmpty, chosen.count < countMax {
            var still: [Int] = []
            for turn in open where chosen.count < countMax {
                guard
                    let next = next(of: turns[turn], from: &places[turn], at: time, excluding: excluded),
                    UInt64(next.value.bytes.count) <= room
                else { continue }  // A member whose next one does not fit is done for this block: its order is kept.
                room -= UInt64(next.value.bytes.count)
                chosen.append(next)
                places[turn] += 1
                still.append(turn)
            }
            open = still
        }
        rotate()
        return chosen
    }

    /// The next one of a member that may stand in a block at `time`.
    private func next(
        of member: MemberID, from place: inout Int, at time: Timestamp, excluding excluded: Set<TransactionID>
    ) -> Verified<ParsedTransaction>? {
        guard let ids = queues[member]?.ids else { return nil }
        while place < ids.count {
            if !excluded.contains(ids[place]), let entry = entries[ids[place]],
                entry.transaction.value.transaction.until >= time
            {
                return entry.transaction
            }
            place += 1
        }
        return nil
    }

    /// The member whose turn was first is last next time.
    private mutating func rotate() {
        guard turns.count > 1 else { return }
        turns.append(turns.removeFirst())
    }

    /// Lets go what is gone from the front of each queue, and members without any.
    private mutating func letGo() {
        for member in turns {
            guard var queue = queues.removeValue(forKey: member) else { continue }
            while queue.head < queue.ids.count, entries[queue.ids[queue.head]] == nil { queue.head += 1 }
            if queue.head == queue.ids.count { continue }
            if queue.head > queue.ids.count / 2 {
                queue.ids.removeFirst(queue.head)
                queue.head = 0
            }
            queues[member] = queue
        }
        turns.removeAll { queues[$0] == nil }
    }

    /// Takes note of a finalised block: its transactions leave, what waited for a success of theirs becomes ready,
    /// what waited for a failure leaves too (LG-104), and so does what has expired (LG-105).
    ///
    /// Gives the ids that left without being in the block.
    package mutating func finalised(_ block: ExecutedBlock) -> [TransactionID] {
        var dropped: [TransactionID] = []
        for (transaction, result) in zip(block.transactions, block.results) {
            _ = remove(transaction.id)
            settle(transaction.id, succeeded: result == .succeeded, &dropped)
        }
        for id in expired(at: block.record.time) {
            if remove(id) { dropped.append(id) }
            settle(id, succeeded: false, &dropped)
        }
        return dropped
    }

    /// Takes out what may stand in no block at `time` any more, with all that waits for it; the ids that left. For a
    /// proposer that found nothing although something is ready: looks at everything (LG-105).
    package mutating func dropExpired(at time: Timestamp) -> [TransactionID] {
        let due = entries.values.map(\.transaction.value).filter { $0.transaction.until < time }.map(\.id).sorted()
        return due.flatMap { discard($0) }
    }

    /// What ran out in a second that has passed; costs what has run out.
    private mutating func expired(at now: Timestamp) -> [TransactionID] {
        let due = expiries.keys.filter { $0 < now.rawValue / 1_000 }.sorted()
        return due.flatMap { expiries.removeValue(forKey: $0) ?? [] }.filter { entries[$0] != nil }
    }

    /// Takes out a transaction that would fail by now, as the proposer found, with all that waits for it.
    package mutating func discard(_ id: TransactionID) -> [TransactionID] {
        var dropped: [TransactionID] = []
        if remove(id) { dropped.append(id) }
        settle(id, succeeded: false, &dropped)
        return dropped
    }

    /// Chains of waiting transactions are followed without recursion: their length is bounded only by the pool.
    private mutating func settle(_ id: TransactionID, succeeded: Bool, _ dropped: inout [TransactionID]) {
        var open = [id]
        var hasSucceeded = succeeded
        while let current = open.popLast() {
            for waiter in waiting.removeValue(forKey: current) ?? [] {
                guard let entry = entries[waiter] else { continue }
                if hasSucceeded {
                    entries[waiter] = Entry(transaction: entry.transaction, charged: entry.charged, waitsFor: nil)
                    enqueue(waiter, entry.charged)
                } else if remove(waiter) {
                    dropped.append(waiter)
                    open.append(waiter)
                }
            }
            hasSucceeded = false
        }
    }

    private mutating func remove(_ id: TransactionID) -> Bool {
        guard let entry = entries.removeValue(forKey: id) else { return false }
        bytes -= UInt64(entry.transaction.value.bytes.count)
        if flying[id] != nil { flyingCount -= 1 } else if entry.waitsFor == nil { freeCount -= 1 }
        let left = pendingCounts[entry.charged, default: 1] - 1
        pendingCounts[entry.charged] = left == 0 ? nil : left
        if let predecessor = entry.waitsFor { waiting[predecessor]?.removeAll { $0 == id } }
        if waiting[entry.waitsFor ?? .zero]?.isEmpty ?? false { waiting[entry.waitsFor ?? .zero] = nil }
        return true
    }
}
