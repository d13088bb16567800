import Crypto
import Foundation
import Ledger
import Node
import Primitives
import Testing
import Wire

@Suite("The golden objects")
struct GoldenTests {
    @Test("Each kind of object is encoded as the file in Genesis/golden says", arguments: Golden.all)
    func encoding(golden: Golden) throws {
        try Golden.compare(golden.bytes, with: golden.name + ".cbor")
        #expect(try golden.again(golden.bytes) == golden.bytes)
    }

    @Test("No prefix of an object, and no object with a byte more, is an object", arguments: Golden.all)
    func prefixes(golden: Golden) {
        let step = 1 + golden.bytes.count / 512
        for length in stride(from: 0, to: golden.bytes.count, by: step) {
            #expect(throws: WireError.self, "\(length) bytes") { try golden.again(Array(golden.bytes[..<length])) }
        }
        #expect(throws: WireError.self) { try golden.again(golden.bytes + [0]) }
    }

    @Test("A changed byte is refused, or makes another object with exactly those bytes", arguments: Golden.all)
    func changes(golden: Golden) {
        let step = 1 + golden.bytes.count / 1_024
        for index in stride(from: 0, to: golden.bytes.count, by: step) {
            for mask: UInt8 in [0x01, 0x80, 0xff] {
                var changed = golden.bytes
                changed[index] ^= mask
                guard let other = try? golden.again(changed) else { continue }
                #expect(other == changed, "byte \(index) changed by \(mask)")
            }
        }
    }

    @Test("No two golden objects share a name, and no file is left over")
    func names() throws {
        let names = Golden.all.map { $0.name + ".cbor" }
        #expect(Set(names).count == names.count)
        let files = try FileManager.default.contentsOfDirectory(atPath: Golden.folder.path)
        let others = Set(files).subtracting(names).filter { $0.hasSuffix(".cbor") && !$0.hasPrefix("chain-") }
        #expect(others.subtracting(["proof-bundle.cbor", "inclusion-bundle.cbor", "stored-block.cbor"]) == [])
    }
}

@Suite("The exported chains")
struct ChainTests {
    /// Own proofs, none, and proofs by a later block; the last block of the first validator epoch is proven by the
    /// block after it.
    static let proofs: [Story.Proof] = [.own, .none, .own, .none, .own, .above(1), .none, .own, .own]

    @Test("A chain is exported byte for byte as the file says", arguments: [1, 4])
    func chain(validators: Int) throws {
        let (story, _) = try Story.told(validators: validators)
        try Golden.compare(try story.export(Self.proofs), with: validators == 4 ? "chain.sotto" : "chain-one.sotto")
    }

    @Test("What a node answers about a transaction holds, and is the file byte for byte")
    func inclusion() throws {
        var (story, _) = try Story.told(validators: 4)
        let bundle = try story.inclusionBundle(of: 1)
        var hash = SHA256()
        #expect(bundle.holds(in: try ValidatorTrail(story.rules).context, with: &hash))
        try Golden.compare(bundle.encoded, with: "inclusion-bundle.cbor")
        let chapter = story.chapters[1]
        let stored = StoredBlock(codes: chapter.executed.results.map(\.code), proposal: chapter.proposal)
        try Golden.compare(stored.encoded, with: "stored-block.cbor")
        #expect(try StoredBlock(decoding: stored.encoded) == stored)
        #expect(try InclusionBundle(decoding: bundle.encoded) == bundle)
    }

    @Test("The log is laid out in tiles, and its checkpoints are signed, file by file")
    func tiles() throws {
        let (story, _) = try Story.told(validators: 4)
        var (hash, log, leaves) = (SHA256(), MemoryLog(), [LogLeaf]())
        for chapter in story.chapters {
            log.store(chapter.executed.logNodes)
            leaves += chapter.executed.transactions.indices.map { chapter.executed.leaf($0) }
        }
        let (origin, key) = (LogCheckpoint.origin(of: story.chain), Sample.key("log"))
        let name = NoteKey(name: origin, key: key.publicKey, with: &hash)
        try Golden.compare(Array((name.text + "\n").utf8), with: "log/key")
        let records = [("checkpoint", story.tip.record), ("checkpoint-older", story.chapters[2].executed.record)]
        for (file, record) in records {
            let text = LogCheckpoint(origin: origin, size: record.logSize, root: record.logRoot).text
            let note = SignedNote.note(text, [(name, key.signature(over: Array(text.utf8)))])
            let opened = try #require(SignedNote.open(note, by: name))
            #expect(opened.text == text && SignatureVerifier().isValid(opened.check))
            try Golden.compare(Array(note.utf8), with: "log/" + file)
        }
        for path in LogTiles.paths(size: story.tip.record.logSize) {
            let bytes = try LogTiles.tile(path, from: log) ?? LogTiles.bundle(leaves)
            try Golden.compare(bytes, with: "log/tile/" + path.text)
        }
    }

    @Test("What was erased is missing from an export, and accounted for byte for byte as the file says")
    func erased() throws {
        var (story, _) = try Story.told(validators: 4)
        let items = try story.erasedExport(Self.proofs)
        let whole = try story.exportItems(Self.proofs)
        #expect(zip(items, whole).filter { $0 != $1 }.count == 4)
        try Golden.compare(Story.file([story.headItem] + items), with: "chain-erased.sotto")
        try Golden.compare(items[1], with: "chain-erased-item.cbor")
        try Golden.compare(try #require(items.last), with: "chain-marks.cbor")
    }

    @Test("Facts about the last record are proven byte for byte as the file says")
    func proof() throws {
        var (story, subject) = try Story.told(validators: 4)
        let bundle = try story.proofBundle(subject)
        #expect(try ProofBundle(decoding: bundle).encoded == bundle)
        try Golden.compare(bundle, with: "proof.sotto")
        try Golden.compare(bundle, with: "proof-bundle.cbor")
        try Golden.compare(story.headItem, with: "chain-head.cbor")
        for (index, item) in try story.exportItems(Self.proofs).prefix(4).enumerated() {
            try Golden.compare(item, with: "chain-item+\(index + 1).cbor")
        }
    }
}
