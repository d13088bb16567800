/// Knows which packets of a source are missing, when to ask for them again, and when to stop.
///
/// A packet counts as missing when a later one came and it does not follow within the reordering time. It is asked for
/// at once then, and again each round trip, a few times; after that only a key frame helps.
package struct LossTracker: Equatable, Sendable {
    package struct Limits: Equatable, Sendable {
        /// Packets missing at one time; above it all are given up.
        package var missingCountMax: Int
        /// Requests for one packet.
        package var requestCountMax: Int
        /// How long a packet may be merely late, in microseconds.
        package var reorderMicroseconds: UInt64
        /// The shortest time between two requests for one packet, in microseconds.
        package var retryMicrosecondsMin: UInt64
        /// A jump of the sequence beyond this starts afresh.
        package var jumpMax: UInt64
        /// Sequence numbers in one request, so that it fits a datagram.
        package var requestByCountMax: Int

        package init(
            missingCountMax: Int = 512, requestCountMax: Int = 8, reorderMicroseconds: UInt64 = 5_000,
            retryMicrosecondsMin: UInt64 = 20_000, jumpMax: UInt64 = 3_000, requestByCountMax: Int = 200
        ) {
            self.missingCountMax = missingCountMax
            self.requestCountMax = requestCountMax
            self.reorderMicroseconds = reorderMicroseconds
            self.retryMicrosecondsMin = retryMicrosecondsMin
            self.jumpMax = jumpMax
            self.requestByCountMax = requestByCountMax
        }
    }

    package enum Action: Equatable, Sendable {
        /// Send a NACK for these, ascending.
        case request([UInt16])
        /// Packets are lost for good: only a key frame helps.
        case giveUp
    }

    private struct Missing: Equatable, Sendable {
        var requestCount = 0
        var dueAt: MediaInstant
    }

    package let limits: Limits
    /// Microseconds, as last measured.
    package var roundTrip: UInt64 = 100_000
    private var sequences = Unwrapper<UInt16>()
    private var missing: [UInt64: Missing] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var missingCount: Int { missing.count }

    /// When `advance` has something to do; nil when nothing is missing.
    package var deadline: MediaInstant? { missing.values.map(\.dueAt).min() }

    package mutating func receive(_ sequence: UInt16, at now: MediaInstant) -> [Action] {
        let before = sequences.highest
        if let before {
            let ahead = sequence &- UInt16(truncatingIfNeeded: before)
            if UInt64(min(ahead, 0 &- ahead)) > limits.jumpMax {  // NA-5: the sender restarted
                missing = [:]
                sequences = Unwrapper()
                _ = sequences.unwrap(sequence)
                return [.giveUp]
            }
        }
        let unwrapped = sequences.unwrap(sequence)
        missing[unwrapped] = nil
        guard let before, unwrapped > before + 1 else { return [] }  // NA-1: in order, late, or the first
        let gap = unwrapped - before - 1
        guard gap <= UInt64(limits.missingCountMax), missing.count + Int(gap) <= limits.missingCountMax else {
            missing = [:]  // NA-4
            return [.giveUp]
        }
        let dueAt = now.adding(microseconds: limits.reorderMicroseconds)
        for lost in before + 1..<unwrapped { missing[lost] = Missing(dueAt: dueAt) }
        return []
    }

    /// Asks for what is due: NA-2, NA-3.
    package mutating func advance(to now: MediaInstant) -> [Action] {
        let due = missing.keys.filter { missing[$0].map { $0.dueAt <= now } ?? false }.sorted()
        var asked: [UInt16] = []
        var hasGivenUp = false
        let retry = max(roundTrip, limits.retryMicrosecondsMin)
        for sequence in due {
            guard var entry = missing[sequence] else { continue }
            if entry.requestCount >= limits.requestCountMax {
                missing[sequence] = nil
                hasGivenUp = true
                continue
            }
            if asked.count == limits.requestByCountMax { continue }
            entry.requestCount += 1
            entry.dueAt = now.adding(microseconds: retry)
            missing[sequence] = entry
            asked.append(UInt16(truncatingIfNeeded: sequence))
        }
        return (asked.isEmpty ? [] : [.request(asked)]) + (hasGivenUp ? [.giveUp] : [])
    }

    /// A key frame made what was missing before `sequence` worthless.
    package mutating func forget(before sequence: UInt16) {
        guard let highest = sequences.highest else { return }
        let behind = UInt64(UInt16(truncatingIfNeeded: highest) &- sequence)
        guard behind < 1 << 15, highest >= behind else { return }
        missing = missing.filter { $0.key >= highest - behind }
    }
}
