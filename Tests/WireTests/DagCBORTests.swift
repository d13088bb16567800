import Crypto
import Foundation
import Primitives
import Testing
import Wire

@Suite("dag-cbor is read strictly and written in one way")
struct DagCBORTests {
    static let vectors: [(name: String, bytes: [UInt8])] = {
        guard let folder = Bundle.module.url(forResource: "Vectors", withExtension: nil),
            let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        else { return [] }
        return files.compactMap { file in
            guard let content = try? Data(contentsOf: file) else { return nil }
            return (file.deletingPathExtension().lastPathComponent, [UInt8](content))
        }.sorted { $0.0 < $1.0 }
    }()

    @Test("All published IPLD fixtures are there")
    func fixturesArePresent() { #expect(Self.vectors.count == 62) }

    @Test("A fixture decodes, encodes to the same bytes, and hashes to its name", arguments: vectors)
    func fixture(name: String, bytes: [UInt8]) throws {
        let node = try IPLDNode(decoding: bytes)
        #expect(node.encoded == bytes)
        var hash = SHA256()
        #expect(CID(of: bytes, .dagCBOR, with: &hash).description == name)
    }

    @Test("Cut and changed fixtures never pass for something else", arguments: vectors.filter { $0.bytes.count < 400 })
    func mutatedFixture(name: String, bytes: [UInt8]) throws { try expectStrict(IPLDNode.self, bytes) }

    static let refused: [(String, String)] = [
        ("empty", ""),
        ("integer 0 in two bytes", "1800"),
        ("integer 23 in two bytes", "1817"),
        ("integer 255 in three bytes", "1900ff"),
        ("integer 65535 in five bytes", "1a0000ffff"),
        ("integer 2^32-1 in nine bytes", "1b00000000ffffffff"),
        ("reserved additional information 28", "1c"),
        ("indefinite byte string", "5f4101ff"),
        ("indefinite text", "7f6161ff"),
        ("indefinite array", "9fff"),
        ("indefinite map", "bfff"),
        ("lone break", "ff"),
        ("long length of a byte string", "580100"),
        ("long length of an array", "980100"),
        ("long length of a map", "b801616101"),
        ("map keys out of order", "a2616201616101"),
        ("longer key first", "a262616101616201"),
        ("repeated key", "a2616101616102"),
        ("integer key", "a10101"),
        ("byte string key", "a1416101"),
        ("undefined", "f7"),
        ("simple value 0", "e0"),
        ("simple value in two bytes", "f820"),
        ("half float", "f93c00"),
        ("single float", "fa3f800000"),
        ("infinity", "fb7ff0000000000000"),
        ("not a number", "fb7ff8000000000000"),
        ("tag other than 42", "c001"),
        ("tag 42 in three bytes", "d9002a4100"),
        ("link that is no byte string", "d82a01"),
        ("link without the zero byte", "d82a450171122000"),
        ("empty link", "d82a40"),
        ("link of a zero byte alone", "d82a4100"),
        ("text that is not UTF-8", "61ff"),
        ("surrogate in text", "63eda080"),
        ("trailing byte", "0000"),
        ("array longer than the input", "9a7fffffff"),
        ("byte string longer than the input", "5affffffff"),
        ("map longer than the input", "bb7fffffffffffffff"),
    ]

    @Test("What is not canonical dag-cbor is refused", arguments: refused)
    func refusal(name: String, hex: String) throws {
        let bytes = try #require(Hex.decode(hex))
        #expect(throws: WireError.self) { try IPLDNode(decoding: bytes) }
    }

    @Test("Sixteen levels nest, seventeen do not")
    func depth() throws {
        _ = try IPLDNode(decoding: [UInt8](repeating: 0x81, count: 16) + [0x00])
        #expect(throws: WireError.tooDeep(at: 16)) {
            try IPLDNode(decoding: [UInt8](repeating: 0x81, count: 17) + [0x00])
        }
        #expect(throws: WireError.tooDeep(at: 16)) {
            try IPLDNode(decoding: [UInt8](repeating: 0x81, count: 100_000) + [0x00])
        }
    }

    @Test(
        "Integers keep their shortest form at each border",
        arguments: [
            (0, "00"), (23, "17"), (24, "1818"), (255, "18ff"), (256, "190100"), (65535, "19ffff"),
            (65536, "1a00010000"),
            (4_294_967_295, "1affffffff"), (4_294_967_296, "1b0000000100000000"), (.max, "1b7fffffffffffffff"),
            (-1, "20"), (-24, "37"), (-25, "3818"), (.min, "3b7fffffffffffffff"),
        ] as [(Int64, String)])
    func integers(value: Int64, hex: String) throws {
        var writer = CBORWriter()
        writer.integer(value)
        #expect(Hex.encode(writer.bytes) == hex)
        var reader = CBORReader(writer.bytes)
        #expect(try reader.integer() == value)
    }

    @Test("No consensus object holds an integer above 2^63 - 1")
    func largeInteger() throws {
        var writer = CBORWriter()
        writer.unsigned(UInt64(1) << 63)
        var reader = CBORReader(writer.bytes)
        #expect(throws: WireError.limitExceeded(at: 0, limit: UInt64(Int64.max))) { try reader.unsigned() }
    }

    @Test("A limit is checked before anything is read")
    func limits() throws {
        var strings = CBORReader([0x58, 0x20] + [UInt8](repeating: 7, count: 32))
        #expect(throws: WireError.limitExceeded(at: 0, limit: 31)) { try strings.byteString(max: 31) }
        var arrays = CBORReader([0x82, 0x00, 0x00])
        #expect(throws: WireError.limitExceeded(at: 0, limit: 1)) { try arrays.arrayHeader(max: 1) }
    }
}
