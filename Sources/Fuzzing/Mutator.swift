internal import Primitives

/// Inputs that are kept, one in hexadecimal on each line; lines that begin with `#` are words.
package enum Corpus {
    /// What a file holds.
    package static func entries(_ text: [UInt8]) -> [[UInt8]] {
        String(decoding: text, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
            .compactMap { Hex.decode($0) }
    }
}

/// Changes inputs at random: bits, bytes, numbers that are often limits, pieces cut out, repeated, or taken from other
/// inputs. The same seed gives the same inputs.
package struct Mutator {
    private var state: UInt64
    private let inputs: [[UInt8]]
    private let byteCountMax: Int
    private static let edges: [UInt8] = [0x00, 0x01, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x40, 0x58, 0x7f, 0x80, 0xa1, 0xff]

    package init(seed: UInt64, inputs: [[UInt8]], byteCountMax: Int) {
        state = seed
        self.inputs = inputs.isEmpty ? [[0]] : inputs
        self.byteCountMax = byteCountMax
    }

    /// The next input.
    package mutating func next() -> [UInt8] {
        var bytes = inputs[below(inputs.count)]
        for _ in 0...below(4) { change(&bytes) }
        return Array(bytes.prefix(byteCountMax))
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return bytes.append(UInt8(truncatingIfNeeded: draw())) }
        let place = below(bytes.count)
        switch below(8) {
        case 0: bytes[place] ^= 1 << UInt8(below(8))
        case 1: bytes[place] = UInt8(truncatingIfNeeded: draw())
        case 2: bytes[place] = Self.edges[below(Self.edges.count)]
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + 1 + below(8)))
        case 4: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 1 + below(32))], at: place)
        case 5: bytes = Array(bytes.prefix(place))
        case 6: bytes.insert(UInt8(truncatingIfNeeded: draw()), at: place)
        default:
            let other = inputs[below(inputs.count)]
            bytes = bytes.prefix(place) + other.suffix(below(other.count + 1))
        }
    }

    private mutating func below(_ bound: Int) -> Int { Int(draw() % UInt64(max(1, bound))) }

    /// SplitMix64.
    private mutating func draw() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
