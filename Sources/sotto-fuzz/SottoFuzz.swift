package import Fuzzing

/// The decoders of values and cores. They are quick to build and to run; those above them are in `sotto-fuzz-shells`.
@main
package struct SottoFuzz {
    /// In the order in which they are run.
    package static let decoders =
        Decoder.wire + Decoder.calls + Decoder.ledger + Decoder.proofs + Decoder.log + Decoder.texts + Decoder.media

    static func main() { FuzzProgram("sotto-fuzz", decoders).run() }
}
