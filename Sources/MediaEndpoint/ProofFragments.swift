internal import Media

/// Cuts signed leaf lists into RTP payloads and puts them together again.
///
/// A payload is: number of the list (2 bytes, big-endian), index of the fragment (1), count of fragments (1), bytes. A
/// list is sent twice, a moment apart, since nobody asks for it again; what is lost both times leaves its frames
/// unproven.
enum ProofFragments {
    static let headByteCount = 4
    static let byteCountMax = 1_100
    /// A list of 256 leaves takes 9.
    static let countMax = 12

    /// Empty when it does not fit.
    static func cut(_ bytes: [UInt8], number: UInt16) -> [[UInt8]] {
        let count = (bytes.count + byteCountMax - 1) / byteCountMax
        guard (1...countMax).contains(count) else { return [] }
        return (0..<count).map { index in
            let part = bytes[index * byteCountMax..<min(bytes.count, (index + 1) * byteCountMax)]
            return [UInt8(number >> 8), UInt8(truncatingIfNeeded: number), UInt8(index), UInt8(count)] + part
        }
    }
}

/// The receiving half of ``ProofFragments``. Keeps few lists; the oldest unfinished goes first.
struct ProofAssembler {
    static let listsMax = 8

    private struct Partial {
        let number: UInt16
        var parts: [[UInt8]?]
    }

    private var partials: [Partial] = []

    /// The whole list, when this fragment completes it.
    mutating func receive(_ payload: [UInt8]) -> [UInt8]? {
        guard payload.count > ProofFragments.headByteCount,
            payload.count <= ProofFragments.headByteCount + ProofFragments.byteCountMax
        else { return nil }
        let number = UInt16(payload[0]) << 8 | UInt16(payload[1])
        let (index, count) = (Int(payload[2]), Int(payload[3]))
        guard (1...ProofFragments.countMax).contains(count), index < count else { return nil }
        if let known = partials.firstIndex(where: { $0.number == number }), partials[known].parts.count != count {
            partials.remove(at: known)
        }
        if !partials.contains(where: { $0.number == number }) {
            if partials.count == Self.listsMax { partials.removeFirst() }
            partials.append(Partial(number: number, parts: Array(repeating: nil, count: count)))
        }
        guard let place = partials.firstIndex(where: { $0.number == number }) else { return nil }
        partials[place].parts[index] = Array(payload.dropFirst(ProofFragments.headByteCount))
        let parts = partials[place].parts.compactMap { $0 }
        guard parts.count == count else { return nil }
        partials.remove(at: place)
        return parts.flatMap { $0 }
    }
}
