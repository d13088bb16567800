/// Puts RTP packets back in order, and gives up on missing ones after a time or when too many wait.
///
/// Pure: the time comes in. A packet that comes after it was given up, or twice, is dropped.
package struct ReorderBuffer: Equatable, Sendable {
    package struct Limits: Equatable, Sendable {
        /// How many packets wait behind a gap.
        package var packetCountMax: Int
        /// How long a packet waits behind a gap, in microseconds.
        package var holdMicroseconds: UInt64
        /// A jump of the sequence beyond this starts afresh (the sender restarted).
        package var jumpMax: UInt64

        package init(packetCountMax: Int = 512, holdMicroseconds: UInt64 = 250_000, jumpMax: UInt64 = 3_000) {
            self.packetCountMax = packetCountMax
            self.holdMicroseconds = holdMicroseconds
            self.jumpMax = jumpMax
        }
    }

    package enum Output: Equatable, Sendable {
        /// The next packet in order, with its unwrapped sequence number.
        case packet(RTPPacket, sequence: UInt64)
        /// This many packets before the next one were given up; 0 when nobody can tell.
        case gap(count: UInt64)
    }

    private struct Waiting: Equatable, Sendable {
        let packet: RTPPacket
        let since: MediaInstant
    }

    package let limits: Limits
    private var sequences = Unwrapper<UInt16>()
    private var next: UInt64?
    private var waiting: [UInt64: Waiting] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var waitingCount: Int { waiting.count }

    /// When `advance` must be called at the latest; nil when nothing waits.
    package var deadline: MediaInstant? {
        waiting.values.map(\.since).min()?.adding(microseconds: limits.holdMicroseconds)
    }

    /// Takes a packet as it came. `mayStart` is false for one that is of no use as the very first; it then waits for
    /// one that is.
    package mutating func receive(_ packet: RTPPacket, mayStart: Bool = true, at now: MediaInstant) -> [Output] {
        var outputs: [Output] = []
        if let highest = sequences.highest {
            let ahead = packet.sequence &- UInt16(truncatingIfNeeded: highest)
            let distance = min(ahead, 0 &- ahead)
            if UInt64(distance) > limits.jumpMax {
                outputs = drain() + [.gap(count: 1)]
                sequences = Unwrapper()
                next = nil
            }
        }
        let sequence = sequences.unwrap(packet.sequence)
        if next == nil, mayStart {
            next = sequence
            waiting = waiting.filter { $0.key > sequence }
        }
        guard sequence >= next ?? 0, waiting[sequence] == nil else { return outputs }
        waiting[sequence] = Waiting(packet: packet, since: now)
        outputs += releaseInOrder()
        while waiting.count > limits.packetCountMax { outputs += skipGap() }
        return outputs
    }

    /// Gives up on what was waited for too long.
    package mutating func advance(to now: MediaInstant) -> [Output] {
        var outputs: [Output] = []
        while let deadline, deadline <= now { outputs += skipGap() }
        return outputs
    }

    private mutating func releaseInOrder() -> [Output] {
        var outputs: [Output] = []
        while let sequence = next, let held = waiting.removeValue(forKey: sequence) {
            outputs.append(.packet(held.packet, sequence: sequence))
            next = sequence + 1
        }
        return outputs
    }

    private mutating func skipGap() -> [Output] {
        guard let lowest = waiting.keys.min() else { return [] }
        let count = lowest - (next ?? lowest)
        next = lowest
        return [.gap(count: count)] + releaseInOrder()
    }

    private mutating func drain() -> [Output] {
        var outputs: [Output] = []
        while !waiting.isEmpty { outputs += skipGap() }
        return outputs
    }
}
