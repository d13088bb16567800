/// The last protected packets of each sender, to be sent again as they were.
///
/// A packet asked for again must not be protected again: two packets under one sequence number would give the key
/// stream away. So what is kept is the ciphertext.
struct SentPackets {
    /// Per sender: two seconds of video at 2 Mbit/s.
    static let packetCountMax = 512
    /// Senders of our own; a further one displaces the first.
    static let sourceCountMax = 8

    private struct Slot {
        var sequence: UInt16
        var datagram: [UInt8]
    }

    private var rings: [UInt32: [Slot?]] = [:]
    private var sources: [UInt32] = []

    mutating func keep(_ datagram: [UInt8], source: UInt32, sequence: UInt16) {
        if rings[source] == nil {
            if sources.count == Self.sourceCountMax { rings[sources.removeFirst()] = nil }
            sources.append(source)
            rings[source] = Array(repeating: nil, count: Self.packetCountMax)
        }
        rings[source]?[Int(sequence) % Self.packetCountMax] = Slot(sequence: sequence, datagram: datagram)
    }

    /// The datagram with this number, unless it is too old or was never kept.
    func datagram(source: UInt32, sequence: UInt16) -> [UInt8]? {
        guard let slot = rings[source]?[Int(sequence) % Self.packetCountMax], slot.sequence == sequence else {
            return nil
        }
        return slot.datagram
    }
}
