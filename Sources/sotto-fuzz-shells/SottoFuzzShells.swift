package import Fuzzing

/// The decoders of shells and wrappers.
@main
package struct SottoFuzzShells {
    /// In the order in which they are run.
    package static let decoders = Decoder.services + Decoder.texts + Decoder.links

    static func main() { FuzzProgram("sotto-fuzz-shells", decoders).run() }
}
