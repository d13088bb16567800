internal import CLinux
internal import Glibc

/// A file that grows at its end, is read anywhere and says when it is on the disk: for what is written once and would
/// only be copied about in a ``KeyValueStore``.
///
/// The descriptor never changes, and the system takes reads and writes at offsets from several threads at once.
@safe
package final class DurableFile: Sendable {
    /// What the file is opened for.
    package enum Mode: Sendable {
        case reading
        /// Reading and writing; made when it is not there.
        case writing
    }

    package let path: String
    private let descriptor: Int32

    /// - Throws: `missing`, `permissionDenied`, `diskFull`, `inputOutput`.
    package init(path: String, for mode: Mode) throws(KeyValueError) {
        let flags = mode == .reading ? O_RDONLY | O_CLOEXEC : O_RDWR | O_CREAT | O_CLOEXEC
        descriptor = unsafe open(path, flags, 0o600)
        self.path = path
        guard descriptor >= 0 else { throw KeyValueError(systemError: errno) }
    }

    deinit { _ = close(descriptor) }

    /// How long the file is now.
    package func byteCount() throws(KeyValueError) -> Int {
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw KeyValueError(systemError: errno) }
        return Int(end)
    }

    /// `count` bytes from `offset`; fewer when the file ends before.
    package func read(at offset: Int, count: Int) throws(KeyValueError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, let base = buffer.baseAddress {
                let got = unsafe pread(descriptor, base + filled, count - filled, off_t(offset + filled))
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = errno }
                guard got > 0 else { return }
                filled += got
            }
        }
        guard failure == 0 else { throw KeyValueError(systemError: failure) }
        return bytes
    }

    /// Writes all of `bytes` at `offset`. Durable after the next `sync`.
    package func write(_ bytes: [UInt8], at offset: Int) throws(KeyValueError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pwrite(
                    descriptor, buffer.baseAddress.map { unsafe $0 + written }, bytes.count - written,
                    off_t(offset + written))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw KeyValueError(systemError: errno) }
            written += count
        }
    }

    /// Cuts the file off after `byteCount` bytes.
    package func truncate(to byteCount: Int) throws(KeyValueError) {
        guard ftruncate(descriptor, off_t(byteCount)) == 0 else { throw KeyValueError(systemError: errno) }
    }

    /// Gives the space of a range back to the disk: it reads as zeros afterwards, and the file keeps its length.
    /// Where the file system cannot do that, zeros are written.
    package func clear(at offset: Int, count: Int) throws(KeyValueError) {
        if linux_fallocate_hole(descriptor, off_t(offset), off_t(count)) == 0 { return }
        try write([UInt8](repeating: 0, count: count), at: offset)
    }

    /// Returns when everything written is on the disk.
    package func sync() throws(KeyValueError) {
        guard fdatasync(descriptor) == 0 else { throw KeyValueError(systemError: errno) }
    }
}

/// Directories, changed so that the change survives a loss of power.
package enum DurableDirectory {
    /// Makes a directory whose parent is there; one that exists is fine.
    package static func make(_ path: String) throws(KeyValueError) {
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw KeyValueError(systemError: errno) }
        try sync(parent(of: path))
    }

    package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// The names in a directory, sorted; nothing when there is no such directory.
    package static func names(in path: String) -> [String] {
        guard let directory = unsafe opendir(path) else { return [] }
        defer { unsafe _ = closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file, or a directory with all that is in it; what is not there is fine.
    package static func remove(_ path: String) throws(KeyValueError) {
        try removeTree(path, depth: 0)
        try sync(parent(of: path))
    }

    private static func removeTree(_ path: String, depth: Int) throws(KeyValueError) {
        if unsafe unlink(path) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM, depth < 8 else { throw KeyValueError(systemError: errno) }
        for name in names(in: path) { try removeTree(path + "/" + name, depth: depth + 1) }
        guard unsafe rmdir(path) == 0 || errno == ENOENT else { throw KeyValueError(systemError: errno) }
    }

    /// Gives a file or directory another name, in one step; what had that name must be a file, or nothing.
    package static func rename(_ source: String, to target: String) throws(KeyValueError) {
        guard unsafe Glibc.rename(source, target) == 0 else { throw KeyValueError(systemError: errno) }
        try sync(parent(of: target))
    }

    /// Two names change places, in one step.
    package static func exchange(_ first: String, _ second: String) throws(KeyValueError) {
        guard unsafe linux_rename_exchange(first, second) == 0 else { throw KeyValueError(systemError: errno) }
        try sync(parent(of: first))
    }

    /// Bytes that the files below a path take up on the disk.
    package static func byteCount(of path: String) -> Int {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return 0 }
        let own = Int(status.st_blocks) * 512
        guard status.st_mode & S_IFMT == S_IFDIR else { return own }
        return names(in: path).reduce(0) { $0 + byteCount(of: path + "/" + $1) }
    }

    /// Makes what changed in the list of names durable.
    package static func sync(_ path: String) throws(KeyValueError) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw KeyValueError(systemError: errno) }
        defer { _ = close(descriptor) }
        guard fsync(descriptor) == 0 else { throw KeyValueError(systemError: errno) }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

extension KeyValueError {
    fileprivate init(systemError code: Int32) {
        switch code {
        case ENOENT, ENOTDIR: self = .missing
        case EACCES, EPERM, EROFS: self = .permissionDenied
        case ENOSPC, EDQUOT: self = .diskFull
        default: self = .inputOutput
        }
    }
}
