import Crypto
import KeyValue
import Wire

/// A directory into which a snapshot is being fetched. Beside the chunks lies the manifest under a name of its own,
/// until all of them are there.
extension SnapshotDirectory {
    private var begunPath: String { path + "/" + SnapshotManifest.fileName + ".fetching" }

    /// The snapshot that is being fetched here; nil when none is.
    func begun() -> SnapshotManifest? {
        guard let file = try? DurableFile(path: begunPath, for: .reading),
            let count = try? file.byteCount(),
            count <= SnapshotManifest.byteCountMax, let bytes = try? file.read(at: 0, count: count)
        else { return nil }
        return try? SnapshotManifest(decoding: bytes)
    }

    /// From now on this snapshot is fetched here. Chunks of another, where they differ, are written over; those that it
    /// has more go.
    func begin(_ manifest: SnapshotManifest) throws(SnapshotFault) {
        do throws(KeyValueError) {
            let file = try DurableFile(path: begunPath, for: .writing)
            try file.truncate(to: 0)
            try file.write(manifest.encoded, at: 0)
            try file.sync()
            var surplus = manifest.chunks.count
            while DurableDirectory.exists(filePath(surplus)) {
                try DurableDirectory.remove(filePath(surplus))
                surplus += 1
            }
        } catch {
            throw SnapshotFault(
                .store, error == .diskFull ? "the disk is full" : "\(begunPath): \(error)")
        }
    }

    /// Whether the chunk is here.
    func has(_ index: Int, _ part: SnapshotManifest.Part) -> Bool {
        var hash = SHA256()
        return (try? chunk(index, part, with: &hash)) != nil
    }

    /// Nothing is being fetched here any more.
    func forget() { try? DurableDirectory.remove(begunPath) }

    /// Takes everything away.
    func remove() { try? DurableDirectory.remove(path) }
}
