internal import Glibc

/// A program that runs decoders on inputs that nobody meant well. `Scripts/fuzz` builds it with libFuzzer, which looks
/// for new paths through the code; without it, it changes known inputs at random, from a seed.
package struct FuzzProgram {
    private let name: String
    private let decoders: [Decoder]

    private var usage: String {
        """
        usage: \(name) --list
               \(name) DECODER [--runs N] [--seed N] [--corpus FILE] [INPUT...]

        Runs the inputs (files) and the entries of the corpus (one in hexadecimal on each line) through the decoder,
        then N changed ones. Ends with 0, or crashes at the input that broke a rule. Under libFuzzer (Scripts/fuzz)
        the decoder's name comes from SOTTO_FUZZ, and all arguments but --list are libFuzzer's.

            \(name) \(decoders.first?.name ?? "") --runs 100000 INPUT

        """
    }

    /// - Parameter name: of the executable.
    package init(_ name: String, _ decoders: [Decoder]) {
        self.name = name
        self.decoders = decoders
    }

    /// Does what the words of the command line say.
    package func run() -> Never {
        let words = Array(CommandLine.arguments.dropFirst())
        if words.first == "--list" {
            say(decoders.map { "\($0.name) \($0.byteCountMax)\n" }.joined(), to: 1)
            exit(0)
        }
        #if LIBFUZZER
            guard let name = unsafe getenv("SOTTO_FUZZ").map({ unsafe String(cString: $0) }),
                let decoder = decoders.first(where: { $0.name == name })
            else { exit(fail("\(self.name): error: SOTTO_FUZZ names no decoder\n")) }
            exit(LibFuzzer.run(decoder))
        #else
            exit(run(words))
        #endif
    }

    private func run(_ words: [String]) -> Int32 {
        guard let first = words.first else { return fail(usage) }
        guard let decoder = decoders.first(where: { $0.name == first }) else {
            return fail("\(name): error: no decoder \(first)\n\(usage)")
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
                guard let bytes = read(word) else { return fail("\(name): error: cannot read \(word)\n") }
                inputs.append(bytes)
            }
        }
        for input in inputs { decoder.run(input) }
        var mutator = Mutator(seed: seed, inputs: inputs, byteCountMax: decoder.byteCountMax)
        for _ in 0..<runs { decoder.run(mutator.next()) }
        say("\(decoder.name) \(inputs.count + runs) runs\n", to: 1)
        return 0
    }

    private func fail(_ text: String) -> Int32 {
        say(text, to: 2)
        return 2
    }

    private func say(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    }

    private func read(_ path: String) -> [UInt8]? {
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
