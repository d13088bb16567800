package import Crypto
import KeyValue
import Primitives
import Wire

/// A snapshot on disk: the manifest and a file for each chunk. The manifest is written last, so a directory with one
/// was finished by whoever made it; chunks that a fetch left behind are taken up again by their hashes.
package struct SnapshotDirectory: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    /// - Throws: a fault of step `manifest` when there is none or it cannot be read.
    package func manifest() throws(SnapshotFault) -> SnapshotManifest {
        let bytes: [UInt8]
        do throws(KeyValueError) {
            let file = try DurableFile(path: path + "/" + SnapshotManifest.fileName, for: .reading)
            bytes = try file.read(at: 0, count: min(try file.byteCount(), SnapshotManifest.byteCountMax + 1))
        } catch {
            throw SnapshotFault(
                .manifest, error == .missing ? "there is none in \(path)" : "it cannot be read: \(error)")
        }
        guard bytes.count <= SnapshotManifest.byteCountMax else {
            throw SnapshotFault(.manifest, "it is longer than \(SnapshotManifest.byteCountMax) bytes")
        }
        do throws(WireError) {
            return try SnapshotManifest(decoding: bytes)
        } catch {
            throw SnapshotFault(.manifest, "it is no manifest: \(error)")
        }
    }

    /// The bytes of a chunk, as the manifest names them.
    package func chunk(
        _ index: Int, _ part: SnapshotManifest.Part, with hash: inout SHA256
    ) throws(SnapshotFault) -> [UInt8] {
        let bytes: [UInt8]
        do throws(KeyValueError) {
            bytes = try DurableFile(path: path(index), for: .reading).read(at: 0, count: part.byteCount + 1)
        } catch {
            throw SnapshotFault(
                .chunk, chunk: index, error == .missing ? "it is missing" : "it cannot be read: \(error)")
        }
        guard bytes.count == part.byteCount else { throw SnapshotFault(.chunk, chunk: index, "it has another length") }
        guard hash.digest(bytes) == part.hash else { throw SnapshotFault(.chunk, chunk: index, "it has another hash") }
        return bytes
    }

    /// Makes the directory, for `put`.
    package func make() throws(SnapshotFault) {
        do throws(KeyValueError) {
            try DurableDirectory.make(path)
        } catch {
            throw SnapshotFault(.store, "the directory \(path) cannot be made: \(error)")
        }
    }

    /// Writes a chunk.
    package func put(_ bytes: [UInt8], at index: Int) throws(SnapshotFault) {
        try write(bytes, to: path(index), .chunk, index)
    }

    /// Writes the manifest, after all chunks.
    package func put(_ manifest: SnapshotManifest) throws(SnapshotFault) {
        let target = path + "/" + SnapshotManifest.fileName
        try write(manifest.encoded, to: target + ".new", .manifest, nil)
        do throws(KeyValueError) {
            try DurableDirectory.rename(target + ".new", to: target)
        } catch {
            throw SnapshotFault(.manifest, "it cannot be written: \(error)")
        }
    }

    private func write(
        _ bytes: [UInt8], to file: String, _ step: SnapshotFault.Step, _ chunk: Int?
    ) throws(SnapshotFault) {
        do throws(KeyValueError) {
            let file = try DurableFile(path: file, for: .writing)
            try file.truncate(to: 0)
            try file.write(bytes, at: 0)
            try file.sync()
        } catch {
            throw SnapshotFault(step, chunk: chunk, error == .diskFull ? "the disk is full" : "not written: \(error)")
        }
    }

    /// The file of the manifest, or of a chunk.
    func filePath(_ chunk: Int?) -> String { chunk.map { path($0) } ?? path + "/" + SnapshotManifest.fileName }

    private func path(_ index: Int) -> String {
        let digits = String(index)
        return path + "/chunk-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }
}
