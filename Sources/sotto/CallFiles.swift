internal import EventLoop
internal import Glibc
internal import MediaEndpoint

/// A file that is read chunk by chunk, as a camera.
final class SourceFile: Sendable {
    private static let chunkByteCount = 64 << 10
    private let descriptor: Int32

    init(_ path: String) throws(CommandError) {
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandError(.usage, "cannot read \(path)") }
    }

    deinit { close(descriptor) }

    /// Nil at the end, and when the file cannot be read on.
    func next() -> [UInt8]? {
        var chunk = [UInt8](repeating: 0, count: Self.chunkByteCount)
        let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        return count > 0 ? Array(chunk.prefix(count)) : nil
    }
}

/// A file that grows. A write that fails is dropped: the call is worth more than its copy.
final class TargetFile: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws(CommandError) {
        descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandError(.usage, "cannot write \(path)") }
    }

    deinit { close(descriptor) }

    func append(_ bytes: [UInt8]) {
        unsafe _ = bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    }
}

/// Reads lines that a person types. It blocks, so it has a thread of its own.
actor Keyboard {
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }
    private let loop = GLibLoop(name: "keyboard")

    func line() -> String? { readLine() }
}
