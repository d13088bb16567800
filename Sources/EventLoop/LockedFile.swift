internal import Glibc

/// One file that is written in place and made durable by the caller's thread; locked, so that no other process opens
/// it. For a few kilobytes that must not be forgotten, such as what a key has signed.
///
/// Belongs to whoever made it: calls must not overlap.
package final class LockedFile {
    package let path: String
    private let descriptor: FileDescriptor

    /// Why a file could not be opened, read or written.
    package enum Failure: Error, Hashable, Sendable {
        /// Another process holds it.
        case locked
        case missing
        case exists
        case permissionDenied
        /// Anything else: the disk is full or broken.
        case failed
    }

    /// Opens a file that is there, and locks it.
    ///
    /// - Throws: `missing`, `locked`, `permissionDenied`, `failed`.
    package init(opening path: String) throws(Failure) {
        self.path = path
        descriptor = try Self.open(path, O_RDWR | O_CLOEXEC)
        try lock()
    }

    /// Makes a file with this content, readable to its owner alone, all of it or nothing, and locks it.
    ///
    /// - Throws: `exists`, `locked`, `permissionDenied`, `failed`.
    package init(creating path: String, content: [UInt8]) throws(Failure) {
        self.path = path
        let temporary = path + ".new"
        unsafe _ = unlink(temporary)
        descriptor = try Self.open(temporary, O_RDWR | O_CLOEXEC | O_CREAT | O_EXCL)
        try lock()
        try write(content, at: 0)
        guard fsync(descriptor.number) == 0 else { throw .failed }
        // A link, not a rename: what is there already must not be replaced.
        let isLinked = unsafe link(temporary, path) == 0
        let isThere = errno == EEXIST
        unsafe _ = unlink(temporary)
        guard isLinked else { throw isThere ? .exists : .failed }
        try Self.syncFolder(of: path)
    }

    /// Everything in it, at most `limit` bytes.
    package func content(limit: Int) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let read = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe pread(descriptor.number, buffer.baseAddress?.advanced(by: count), limit - count, count)
            }
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { throw .failed }
            if read == 0 { break }
            count += read
        }
        return Array(bytes.prefix(count))
    }

    /// Writes bytes at an offset; they are not durable yet.
    package func write(_ bytes: [UInt8], at offset: Int) throws(Failure) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pwrite(
                    descriptor.number, buffer.baseAddress?.advanced(by: written), bytes.count - written,
                    offset + written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .failed }
            written += count
        }
    }

    /// Returns when everything written is on the disk.
    package func sync() throws(Failure) {
        guard fdatasync(descriptor.number) == 0 else { throw .failed }
    }

    private func lock() throws(Failure) {
        guard lockf(descriptor.number, F_TLOCK, 0) == 0 else {
            throw errno == EAGAIN || errno == EACCES ? .locked : .failed
        }
    }

    private static func open(_ path: String, _ flags: Int32) throws(Failure) -> FileDescriptor {
        let number = unsafe Glibc.open(path, flags, 0o600)
        switch number < 0 ? errno : 0 {
        case ENOENT: throw .missing
        case EACCES, EPERM, EROFS: throw .permissionDenied
        default: break
        }
        guard let descriptor = try? FileDescriptor(number) else { throw .failed }
        return descriptor
    }

    private static func syncFolder(of path: String) throws(Failure) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = try open(folder.isEmpty ? "/" : folder, O_RDONLY | O_CLOEXEC)
        guard fsync(descriptor.number) == 0 else { throw .failed }
    }
}
