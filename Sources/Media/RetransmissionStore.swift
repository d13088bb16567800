/// The packets a sender sent last, for those who missed them. Bounded by count, bytes and age; a packet is sent again a
/// few times at most and not twice within a moment, so that requests cannot be used to multiply traffic.
package struct RetransmissionStore: Equatable, Sendable {
    package struct Limits: Equatable, Sendable {
        package var packetCountMax: Int
        package var byteCountMax: Int
        /// Microseconds.
        package var ageMax: UInt64
        /// How often one packet is sent again.
        package var resendCountMax: Int
        /// Microseconds between two times.
        package var resendIntervalMin: UInt64

        package init(
            packetCountMax: Int = 1_024, byteCountMax: Int = 2 << 20, ageMax: UInt64 = 2_000_000,
            resendCountMax: Int = 8, resendIntervalMin: UInt64 = 10_000
        ) {
            self.packetCountMax = packetCountMax
            self.byteCountMax = byteCountMax
            self.ageMax = ageMax
            self.resendCountMax = resendCountMax
            self.resendIntervalMin = resendIntervalMin
        }
    }

    private struct Entry: Equatable, Sendable {
        let packet: RTPPacket
        let sentAt: MediaInstant
        var resentAt: MediaInstant?
        var resendCount = 0
    }

    package let limits: Limits
    private var entries: [UInt16: Entry] = [:]
    /// Sequences in the order they were sent, and where the oldest that is kept stands.
    private var order: [UInt16] = []
    private var oldest = 0
    package private(set) var byteCount = 0

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var packetCount: Int { entries.count }

    package mutating func keep(_ packet: RTPPacket, at now: MediaInstant) {
        drop(packet.sequence)
        entries[packet.sequence] = Entry(packet: packet, sentAt: now)
        order.append(packet.sequence)
        byteCount += packet.payload.count
        while oldest < order.count {
            let first = order[oldest]
            let isOld = entries[first].map { now.microseconds(since: $0.sentAt) > limits.ageMax } ?? true
            guard isOld || entries.count > limits.packetCountMax || byteCount > limits.byteCountMax else { break }
            drop(first)
            oldest += 1
        }
        if oldest > limits.packetCountMax {
            order.removeFirst(oldest)
            oldest = 0
        }
    }

    /// Those of `sequences` that may be sent again now, in the order asked for; each is then counted as sent.
    package mutating func take(_ sequences: [UInt16], at now: MediaInstant) -> [RTPPacket] {
        var packets: [RTPPacket] = []
        for sequence in sequences {
            guard var entry = entries[sequence], entry.resendCount < limits.resendCountMax,
                now.microseconds(since: entry.sentAt) <= limits.ageMax
            else { continue }
            if let last = entry.resentAt, now.microseconds(since: last) < limits.resendIntervalMin { continue }
            entry.resendCount += 1
            entry.resentAt = now
            entries[sequence] = entry
            packets.append(entry.packet)
        }
        return packets
    }

    private mutating func drop(_ sequence: UInt16) {
        guard let entry = entries.removeValue(forKey: sequence) else { return }
        byteCount -= entry.packet.payload.count
    }
}
