import Crypto
import Ledger
import Primitives
import Testing

@Suite("The log as static files")
struct LogTilesTests {
    private func grow(_ count: UInt64) -> (leaves: [LogLeaf], log: MemoryLog, frontier: MerkleFrontier) {
        var hash = SHA256()
        var (log, frontier) = (MemoryLog(), MerkleFrontier())
        let leaves = (0..<count).map {
            LogLeaf(height: Height($0 + 1), index: 0, envelope: digest($0), code: UInt16(truncatingIfNeeded: $0 % 3))
        }
        for leaf in leaves {
            log.store(LogTree.append(MerkleTree.leafHash(leaf.bytes, with: &hash), to: &frontier, with: &hash))
        }
        return (leaves, log, frontier)
    }

    @Test("A log of 70,000 has the tiles that the specification counts")
    func shape() {
        let paths = LogTiles.paths(size: 70_000)
        func count(_ level: UInt64) -> (full: Int, partial: [UInt64]) {
            let row = paths.filter { $0.kind == .hashes(level: level) }
            return (row.count { $0.count == 256 }, row.filter { $0.count < 256 }.map(\.count))
        }
        #expect(count(0) == (273, [112]))
        #expect(count(1) == (1, [17]))
        #expect(count(2) == (0, [1]))
        #expect(count(3) == (0, []))
        #expect(paths.count { $0.kind == .entries } == 274)
        #expect(LogTiles.paths(size: 0).isEmpty)
        #expect(LogTiles.paths(size: 256).map(\.text) == ["0/000", "entries/000", "1/000.p/1"])
        for path in paths { #expect(path.sizeNeeded.map { $0 <= 70_000 } == true) }
    }

    @Test("A path has one text, and whatever else is no path")
    func paths() {
        let examples: [(LogTiles.Path, String)] = [
            (.init(.hashes(level: 0), index: 0), "0/000"), (.init(.hashes(level: 1), index: 999), "1/999"),
            (.init(.hashes(level: 0), index: 1_234_067), "0/x001/x234/067"),
            (.init(.entries, index: 1_000, count: 17), "entries/x001/000.p/17"),
            (.init(.hashes(level: 7), index: 5, count: 255), "7/005.p/255"),
        ]
        for (path, text) in examples {
            #expect(path.text == text)
            #expect(LogTiles.Path(text) == path)
        }
        for text in [
            "", "0", "0/", "/000", "8/000", "00/000", "+0/000", "-1/000", "0/0", "0/00", "0/0000", "0/1000",
            "0/x000/001",
            "0/001/002", "0/x001/x002", "0/000.p/0", "0/000.p/256", "0/000.p/01", "0/000.p/", "0/000.p", "0/000/",
            "0/000.p/1/", "entries", "entries/", "entry/000", "0/ 00", "0/x001x/000", "0/000.p/1.p/1", "0/+00",
            "0/x999/x999/x999/x999/x999/x999/x999/999",
        ] { #expect(LogTiles.Path(text) == nil, "\(text)") }
    }

    @Test(
        "From tiles and entries alone a reader computes the log's root", arguments: [1, 28, 255, 256, 257, 600, 70_000])
    func roots(size: UInt64) throws {
        var hash = SHA256()
        let (leaves, log, frontier) = grow(size)
        var tiles: [LogTiles.Path: [UInt8]] = [:]
        for path in LogTiles.paths(size: size) {
            let place = Int(path.index * 256)
            tiles[path] =
                path.kind == .entries
                ? LogTiles.bundle(Array(leaves[place..<place + Int(path.count)]))
                : try #require(try LogTiles.tile(path, from: log))
        }
        // Entries hash to the tiles of level 0, full tiles to the level above, what is left on the right to the root.
        var row: [Digest] = []
        for index in 0..<(size + 255) / 256 {
            let count = min(256, size - index * 256)
            let bytes = try #require(tiles[.init(.entries, index: index, count: count)])
            for start in stride(from: 0, to: bytes.count, by: 49) {
                #expect(Array(bytes[start..<start + 2]) == [0, 47])
                row.append(MerkleTree.leafHash(Array(bytes[start + 2..<start + 49]), with: &hash))
            }
        }
        #expect(MerkleTree.root(of: row, with: &hash) == frontier.root(with: &hash))
        var level: UInt64 = 0
        while !row.isEmpty {
            var above: [Digest] = []
            for start in stride(from: 0, to: row.count, by: 256) {
                let part = row[start..<min(start + 256, row.count)]
                let path = LogTiles.Path(.hashes(level: level), index: UInt64(start / 256), count: UInt64(part.count))
                #expect(tiles[path] == part.flatMap(\.bytes))
                if part.count == 256 { above.append(MerkleTree.root(of: part, with: &hash)) }
            }
            row = above
            level += 1
        }
    }

    @Test("A checkpoint is signed as notes are, and the key's name and id say by whom")
    func notes() throws {
        var hash = SHA256()
        let (signer, other) = (SigningKey.generate(), SigningKey.generate())
        let origin = LogCheckpoint.origin(of: .zero)
        let key = NoteKey(name: origin, key: signer.publicKey, with: &hash)
        let stranger = NoteKey(name: origin, key: other.publicKey, with: &hash)
        #expect(NoteKey(text: key.text, with: &hash) == key)
        #expect(NoteKey(text: key.text.dropLast(), with: &hash) == nil)
        #expect(NoteKey(text: "x" + key.text, with: &hash) == nil)
        let checkpoint = LogCheckpoint(origin: origin, size: 28, root: digest(1))
        #expect(LogCheckpoint(text: checkpoint.text) == checkpoint)
        for text in [
            checkpoint.text + "more\n", String(checkpoint.text.dropLast()),
            checkpoint.text.replacing("\n28\n", with: "\n028\n"), checkpoint.text.replacing("=", with: ""), "",
            "\n\n\n",
        ] { #expect(LogCheckpoint(text: text) == nil) }
        let signature = signer.signature(over: Array(checkpoint.text.utf8))
        let note = SignedNote.note(
            checkpoint.text, [(stranger, other.signature(over: [1])), (key, signature)])
        let opened = try #require(SignedNote.open(note, by: key))
        #expect(opened.text == checkpoint.text)
        #expect(SignatureVerifier().isValid(opened.check))
        // A signature that is there and does not hold is for the caller to refuse.
        let wrong = try #require(SignedNote.open(note, by: stranger))
        #expect(!SignatureVerifier().isValid(wrong.check))
        let third = NoteKey(name: "another", key: signer.publicKey, with: &hash)
        #expect(SignedNote.open(note, by: third) == nil)
        for broken in [
            checkpoint.text, checkpoint.text + "\n", note + "\n", note.replacing("\u{2014}", with: "-"), note + "x\n",
            note.replacing("\n28\n", with: "\n28\r\n"),
        ] { #expect(SignedNote.open(broken, by: key) == nil) }
    }

    @Test("The key id is that of the specification's example")
    func knownKey() throws {
        // A key and note published with other implementations of the format.
        var hash = SHA256()
        let text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
        let key = try #require(NoteKey(text: text, with: &hash))
        let signature =
            "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
        let note = "This is an example message.\n\n\u{2014} example.com/foo \(signature)\n"
        let opened = try #require(SignedNote.open(note, by: key))
        #expect(SignatureVerifier().isValid(opened.check))
    }
}
