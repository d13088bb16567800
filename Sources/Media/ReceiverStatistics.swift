/// Loss and jitter of one source as RFC 3550 counts them: appendix A.3 for loss, A.8 for jitter.
package struct ReceiverStatistics: Equatable, Sendable {
    /// When the source's own report came, and the part of its time that blocks quote.
    private struct LastReport: Equatable, Sendable {
        let middle: UInt32
        let at: MediaInstant
    }

    package let source: UInt32
    package let clockRate: UInt32
    private var sequences = Unwrapper<UInt16>()
    private var baseSequence: UInt64 = 0
    package private(set) var receivedCount: UInt64 = 0
    package private(set) var byteCount: UInt64 = 0
    private var expectedBefore: UInt64 = 0
    private var receivedBefore: UInt64 = 0
    /// Transit time of the last packet in RTP units, modulo 2^32.
    private var transit: UInt32?
    /// Jitter times 16, in RTP units.
    private var scaledJitter: UInt64 = 0
    private var lastReport: LastReport?

    package init(source: UInt32, clockRate: UInt32) {
        self.source = source
        self.clockRate = clockRate
    }

    package mutating func receive(_ packet: RTPPacket, at now: MediaInstant) {
        let isFirst = sequences.highest == nil
        let sequence = sequences.unwrap(packet.sequence)
        if isFirst { baseSequence = sequence }
        receivedCount += 1
        byteCount += UInt64(packet.payload.count)
        let arrival = now.microseconds.multipliedFullWidth(by: UInt64(clockRate))
        let ticks = UInt64(1_000_000).dividingFullWidth((arrival.high % 1_000_000, arrival.low)).quotient
        let current = UInt32(truncatingIfNeeded: ticks) &- packet.timestamp
        defer { transit = current }
        guard let transit else { return }
        let difference = UInt64(Int32(bitPattern: current &- transit).magnitude)
        scaledJitter = scaledJitter + difference - (scaledJitter + 8) / 16
    }

    /// Notes the source's own report, so that the next block lets it measure the round trip.
    package mutating func receive(_ report: SenderReport, at now: MediaInstant) {
        lastReport = LastReport(middle: report.time.middle, at: now)
    }

    package var expectedCount: UInt64 {
        sequences.highest.map { $0 - min(baseSequence, $0) + 1 } ?? 0
    }

    /// In units of the RTP clock.
    package var jitter: UInt32 { UInt32(clamping: scaledJitter / 16) }

    /// Since the start; negative when duplicates outnumber losses.
    package var lostCount: Int64 { Int64(expectedCount) - Int64(receivedCount) }

    /// The block for the next report; begins a new interval. Nil before the first packet.
    package mutating func report(at now: MediaInstant) -> ReportBlock? {
        guard let highest = sequences.highest else { return nil }
        let expected = expectedCount - expectedBefore
        let lost = Int64(expected) - Int64(receivedCount - receivedBefore)
        expectedBefore = expectedCount
        receivedBefore = receivedCount
        let fraction = expected == 0 || lost <= 0 ? 0 : min(255, UInt64(lost) << 8 / expected)
        var delay: UInt64 = 0
        if let lastReport { delay = min(now.microseconds(since: lastReport.at), 1 << 36) << 16 / 1_000_000 }
        return ReportBlock(
            source: source, fractionLost: UInt8(fraction), lostCount: Int32(min(max(lostCount, -0x80_0000), 0x7f_ffff)),
            highestSequence: UInt32(truncatingIfNeeded: highest - 1 << 16), jitter: jitter,
            lastReport: lastReport?.middle ?? 0, delay: UInt32(clamping: delay))
    }
}
