package import Crypto
package import HTTP
package import Ledger
package import Primitives
import Synchronization
import Wire

/// A node's log as static files: what lies under `/log/`, and what `sotto ledger export --tiles` writes. A checkpoint
/// is of the newest final record and signed by the node's log key; everything else never changes once it is there.
package final class LogSite: Sendable {
    /// Why a file is not given.
    package enum Fault: Error, Equatable, Sendable {
        /// The log is not that long yet, or there is no such file.
        case absent
        /// The transactions that its leaves name were pruned here.
        case pruned
        case failed
    }

    package static let prefix = "/log/"

    private let store: ChainStore
    private let key: SigningKey?
    private let name: NoteKey?
    private let origin: String
    /// The newest checkpoint: signed once for each size.
    private let newest = Mutex<(size: UInt64, note: String)?>(nil)

    /// - Parameter key: signs checkpoints; without one there are only tiles.
    package init(store: ChainStore, chain: ChainID, key: SigningKey?) {
        self.store = store
        self.key = key
        origin = LogCheckpoint.origin(of: chain)
        var hash = SHA256()
        name = key.map { NoteKey(name: LogCheckpoint.origin(of: chain), key: $0.publicKey, with: &hash) }
    }

    /// The key by which checkpoints are checked; a reader learns it from somebody else than this node.
    package var verifierKey: NoteKey? { name }

    /// The newest checkpoint, signed; nil without a key.
    package func checkpoint() -> (note: String, size: UInt64)? {
        guard let key, let name, let record = try? store.tip().record else { return nil }
        if let known = newest.withLock({ $0 }), known.size == record.logSize { return (known.note, known.size) }
        let text = LogCheckpoint(origin: origin, size: record.logSize, root: record.logRoot).text
        let note = SignedNote.note(text, [(name, key.signature(over: Array(text.utf8)))])
        newest.withLock { $0 = (record.logSize, note) }
        return (note, record.logSize)
    }

    /// The bytes of a tile or a bundle of entries.
    package func file(_ path: LogTiles.Path) throws(Fault) -> [UInt8] {
        guard let size = try? store.tip().record.logSize else { throw .failed }
        guard let needed = path.sizeNeeded, needed <= size else { throw .absent }
        switch path.kind {
        case .hashes:
            guard let tile = try? LogTiles.tile(path, from: store) else { throw .failed }
            return tile
        case .entries:
            return LogTiles.bundle(try leaves(from: path.index * LogTiles.width, count: path.count))
        }
    }

    /// Answers `GET /log/checkpoint` and `/log/tile/…`.
    package func answer(_ request: HTTPRequest) -> HTTPResponse {
        let path = request.path.dropFirst(Self.prefix.count)
        if path == "checkpoint" {
            guard let note = checkpoint()?.note else { return .text(404, "this node signs no checkpoints") }
            var response = HTTPResponse("text/plain; charset=utf-8", Array(note.utf8))
            response.headers.append(HTTPHeader("Cache-Control", "no-cache"))
            return response
        }
        guard path.hasPrefix("tile/"), let tile = LogTiles.Path(path.dropFirst(5)) else {
            return .text(404, "the log has checkpoint, tile/LEVEL/INDEX and tile/entries/INDEX")
        }
        do throws(Fault) {
            var response = HTTPResponse("application/octet-stream", try file(tile))
            response.headers.append(HTTPHeader("Cache-Control", "public, max-age=31536000, immutable"))
            return response
        } catch {
            switch error {
            case .absent: return .text(404, "the log is not that long")
            case .pruned: return .text(410, "these entries were pruned here; an archive node has them")
            case .failed: return .text(500, "the store cannot be read")
            }
        }
    }

    // MARK: Leaves

    private func leaves(from first: UInt64, count: UInt64) throws(Fault) -> [LogLeaf] {
        var leaves: [LogLeaf] = []
        var height = try height(of: first)
        var hash = SHA256()
        while UInt64(leaves.count) < count {
            let remnant: ErasedBlock?
            let record: Record?
            do throws(ChainStoreError) {
                remnant = try store.remnant(at: height)
                record = try store.head(at: height)?.record
            } catch {
                if case .pruned = error { throw .pruned }
                throw .failed
            }
            guard let remnant, let record else { throw .failed }
            let start = record.logSize - UInt64(remnant.slots.count)
            for index in remnant.slots.indices
            where start + UInt64(index) >= first && UInt64(leaves.count) < count {
                leaves.append(remnant.leaf(index, at: height, with: &hash))
            }
            height = height.next
        }
        return leaves
    }

    /// The height whose block holds a leaf: the lowest with a log longer than its place.
    private func height(of index: UInt64) throws(Fault) -> Height {
        guard let tip = try? store.tip().record.height.rawValue else { throw .failed }
        var (low, high) = (UInt64(1), tip)
        while low < high {
            let middle = low + (high - low) / 2
            guard let record = try? store.head(at: Height(middle))?.record else { throw .failed }
            if record.logSize > index { high = middle } else { low = middle + 1 }
        }
        return Height(low)
    }
}
