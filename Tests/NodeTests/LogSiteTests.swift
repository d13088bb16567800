import Crypto
import HTTP
import Ledger
import Node
import Primitives
import Testing

@Suite("The log under /log/", .timeLimit(.minutes(2)), .serialized)
struct LogSiteTests {
    /// A store with a long log, and the site over it.
    private func site(_ count: Int, key: SigningKey?) throws -> (site: LogSite, store: ChainStore, scratch: Scratch) {
        let documents = try Documents(validators: 1)
        let scratch = try Scratch()
        let store = try ChainStore(path: scratch.path + "/ledger", rules: documents.rules)
        var filler = try LedgerFiller(store, rules: documents.rules, keys: [documents.nodes[0].keys.sign])
        var time = documents.genesis.time
        var left = count
        while left > 0 {
            time = time.adding(milliseconds: 1)
            let batch = min(left, 7)
            try filler.add(try (0..<batch).map { _ in try documents.admission() }, at: time)
            left -= batch
        }
        return (LogSite(store: store, chain: documents.chain, key: key), store, scratch)
    }

    @Test("Tiles, entries and the signed checkpoint are served, each with the caching that it bears")
    func files() throws {
        let key = SigningKey.generate()
        let (site, store, _) = try site(300, key: key)
        let name = try #require(site.verifierKey)
        func get(_ path: String) -> HTTPResponse { site.answer(HTTPRequest(method: "GET", path: "/log/" + path)) }
        let answer = get("checkpoint")
        #expect(answer.status == 200)
        #expect(answer.contentType == "text/plain; charset=utf-8")
        #expect(answer.headers.value("Cache-Control") == "no-cache")
        let opened = try #require(SignedNote.open(String(decoding: answer.body, as: UTF8.self), by: name))
        #expect(SignatureVerifier().isValid(opened.check))
        let checkpoint = try #require(LogCheckpoint(text: opened.text))
        #expect(checkpoint.size == 300)
        var hash = SHA256()
        var leaves: [Digest] = []
        for path in LogTiles.paths(size: checkpoint.size) {
            let answer = get("tile/" + path.text)
            #expect(answer.status == 200, "\(path.text)")
            #expect(answer.contentType == "application/octet-stream")
            #expect(answer.headers.value("Cache-Control")?.contains("immutable") == true)
            guard path.kind == .entries else { continue }
            for start in stride(from: 0, to: answer.body.count, by: 49) {
                leaves.append(MerkleTree.leafHash(Array(answer.body[start + 2..<start + 49]), with: &hash))
            }
        }
        #expect(leaves.count == 300)
        #expect(MerkleTree.root(of: leaves, with: &hash) == checkpoint.root)
        for path in [
            "", "tile", "tile/0/001", "tile/0/001.p/45", "tile/1/000", "tile/9/000", "tile/entries/002", "tile/0/1",
            "other", "tile/0/x000/001",
        ] { #expect(get(path).status == 404, "\(path)") }
        store.close()
    }

    @Test("Without a key there are tiles and no checkpoint")
    func noKey() throws {
        let (site, store, _) = try site(3, key: nil)
        #expect(site.answer(HTTPRequest(method: "GET", path: "/log/checkpoint")).status == 404)
        #expect(site.answer(HTTPRequest(method: "GET", path: "/log/tile/0/000.p/3")).status == 200)
        store.close()
    }
}
