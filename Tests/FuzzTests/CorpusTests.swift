import Foundation
import Fuzzing
import Testing
import sotto_fuzz
import sotto_fuzz_shells

@Suite("Inputs that nobody meant well")
struct CorpusTests {
    private static let decoders = SottoFuzz.decoders + SottoFuzzShells.decoders
    private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Genesis/golden")

    private func inputs(of decoder: Decoder) throws -> [[UInt8]] {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.golden.path).sorted()
        let own = files.filter { $0 == decoder.name + ".cbor" || $0.hasPrefix(decoder.name + "+") }
        var inputs = try own.map { [UInt8](try Data(contentsOf: Self.golden.appending(path: $0))) }
        if let file = Bundle.module.url(forResource: "Corpus/" + decoder.name, withExtension: "txt") {
            inputs += Corpus.entries([UInt8](try Data(contentsOf: file)))
        }
        return inputs
    }

    @Test("What was found, and some changes of it, go through every decoder", arguments: decoders.map(\.name))
    func corpus(name: String) throws {
        let decoder = try #require(Self.decoders.first { $0.name == name })
        let inputs = try inputs(of: decoder)
        for input in inputs { decoder.run(input) }
        var mutator = Mutator(seed: 7, inputs: inputs, byteCountMax: decoder.byteCountMax)
        for _ in 0..<200 { decoder.run(mutator.next()) }
    }

    @Test("Every file of the corpus belongs to a decoder, and names are there once")
    func names() throws {
        let folder = try #require(Bundle.module.url(forResource: "Corpus", withExtension: nil))
        let names = Self.decoders.map(\.name)
        #expect(Set(names).count == names.count)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).map { $0.dropLast(4) }
        #expect(files.filter { !names.contains(String($0)) } == [])
    }

    /// Golden objects that are read by the decoder of something larger, or as any signed object.
    private static let others: Set = [
        "chain-erased-item", "chain-head", "chain-item", "chain-marks", "join-statement", "key-rotation",
        "signed-address", "signed-provider",
        "signed-record",
    ]

    @Test("Every kind of golden object has a decoder here")
    func kinds() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.golden.path)
        let kinds = Set(
            files.filter { $0.hasSuffix(".cbor") }.compactMap { $0.dropLast(5).split(separator: "+").first })
        let names = Set(Self.decoders.map(\.name))
        #expect(kinds.map(String.init).filter { !names.contains($0) && !Self.others.contains($0) }.sorted() == [])
    }
}
