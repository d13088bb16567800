internal import Glibc
internal import Primitives

/// Runs decoders on inputs that nobody meant well. `Scripts/fuzz` builds it with libFuzzer, which looks for new paths
/// through the code; without it, it changes known inputs at random, from a seed.
@main
struct SottoFuzz {
    private static let usage = """
        usage: sotto-fuzz --list
               sotto-fuzz DECODER [--runs N] [--seed N] [--corpus FILE] [INPUT...]

        Runs the inputs (files) and the entries of the corpus (one in hexadecimal on each line) through the decoder,
        then N changed ones. Ends with 0, or crashes at the input that broke a rule. Under libFuzzer (Scripts/fuzz)
        the decoder's name comes from SOTTO_FUZZ, and all arguments are libFuzzer's.

            sotto-fuzz vote --runs 100000 Genesis/golden/vote.cbor

        """

    static func main() {
        #if LIBFUZZER
            LibFuzzer.run()
        #else
            exit(run(Array(CommandLine.arguments.dropFirst())))
        #endif
    }

    private static func run(_ words: [String]) -> Int32 {
        guard let first = words.first else { return fail(usage) }
        if first == "--list" {
            say(Decoder.all.map { "\($0.name) \($0.byteCountMax)\n" }.joined(), to: 1)
            return 0
        }
        guard let decoder = Decoder.named(first) else {
            return fail("sotto-fuzz: error: no decoder \(first)\n\(usage)")
        }
        var (runs, seed, inputs) = (0, UInt64(1), [[UInt8]]())
        var rest = words.dropFirst()
        while let word = rest.popFirst() {
            switch word {
            case "--runs", "--seed":
                guard let number = rest.popFirst().flatMap(UInt64.init) else { return fail(usage) }
                if word == "--runs" { runs = Int(clamping: number) } else { seed = number }
            case "--corpus":
                guard let path = rest.popFirst(), let bytes = read(path) else { return fail(usage) }
                inputs += Corpus.entries(bytes)
            default:
                guard let bytes = read(word) else { return fail("sotto-fuzz: error: cannot read \(word)\n") }
                inputs.append(bytes)
            }
        }
        for input in inputs { decoder.run(input) }
        var mutator = Mutator(seed: seed, inputs: inputs, byteCountMax: decoder.byteCountMax)
        for _ in 0..<runs { decoder.run(mutator.next()) }
        say("\(decoder.name) \(inputs.count + runs) runs\n", to: 1)
        return 0
    }

    private static func fail(_ text: String) -> Int32 {
        say(text, to: 2)
        return 2
    }

    static func say(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    }

    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes += buffer.prefix(count)
        }
    }
}

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
