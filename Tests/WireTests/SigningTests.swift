import Crypto
import Primitives
import Testing
import Wire

@Suite("Signing preimages")
struct SigningTests {
    @Test("No two kinds share a preimage, and none holds a zero byte")
    func kinds() {
        let names = SigningKind.allCases.map(\.rawValue)
        #expect(Set(names).count == names.count)
        for name in names {
            #expect(name.utf8.allSatisfy { $0 == 0x2d || (0x61...0x7a).contains($0) }, "\(name)")
            #expect(!names.contains { $0 != name && $0.hasPrefix(name + "\0") })
        }
    }

    @Test("The preimage is prefix, kind, zero, chain, body")
    func preimage() throws {
        let chain = try #require(ChainID([UInt8](repeating: 0xaa, count: 32)))
        let bytes = SigningKind.notarize.preimage(chain: chain, body: [1, 2])
        #expect(bytes == Array("sotto/1/notarize".utf8) + [0] + [UInt8](repeating: 0xaa, count: 32) + [1, 2])
    }

    @Test("A preimage is taken apart into what it was made of, and nothing else is a preimage")
    func parsing() throws {
        let chain = try #require(ChainID([UInt8](repeating: 0xaa, count: 32)))
        for kind in SigningKind.allCases {
            let preimage = kind.preimage(chain: chain, body: [0, 1, 2])
            let parts = try #require(SigningKind.parse(preimage))
            #expect(parts.kind == kind && parts.chain == chain && parts.body == [0, 1, 2])
            for count in 0..<preimage.count - 3 { #expect(SigningKind.parse(Array(preimage.prefix(count))) == nil) }
        }
        for text in ["sotto/2/notarize", "sotto/1/Notarize", "sotto/1/", "sotto/1/notarizes"] {
            #expect(SigningKind.parse(Array(text.utf8) + [0] + chain.bytes + [1]) == nil, "\(text)")
        }
    }

    @Test("A signed object is read strictly")
    func signedObject() throws {
        let signature = try #require(Signature([UInt8](repeating: 9, count: 64)))
        let object = SignedObject(key: .zero, signature: signature, body: [1, 2, 3])
        try expectStrict(SignedObject.self, object.encoded)
        #expect(try IPLDNode(decoding: object.encoded).encoded == object.encoded)
    }
}

@Suite("Content identifiers")
struct CIDTests {
    @Test("Binary and text form lead back to the same CID")
    func roundTrip() throws {
        var hash = SHA256()
        let cid = CID(of: [], .raw, with: &hash)
        #expect(cid.description == "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")
        #expect(CID(text: cid.description) == cid)
        #expect(CID(bytes: cid.bytes) == cid)
    }

    @Test(
        "Other versions, codecs, hashes, lengths and spellings are refused",
        arguments: [
            "", "b", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyk",
            "BAFKREIHDWDCEFGH4DQKJV67UZCMW7OJEE6XEDZDETOJUZJEVTENXQUVYKU",
            "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn",
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykv",
            "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
        ])
    func refused(text: String) { #expect(CID(text: text) == nil) }
}
