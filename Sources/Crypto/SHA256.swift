package import Primitives
internal import Synchronization

/// SHA-256 (FIPS 180-4) on OpenSSL's hardware path. A value: a copy runs on by itself.
///
/// Keep one for many small inputs; `hash` borrows from a small pool of idle ones.
package struct SHA256: Hashing, Sendable {
    package static let byteCount = 32
    private var context: DigestContext

    /// Contexts that wait for the next `hash`; more than this many are not kept.
    private static let idleMax = 16
    private static let idle = Mutex<[DigestContext]>([])

    package init() { context = DigestContext(.sha256) }

    package mutating func update(_ bytes: Span<UInt8>) {
        takeOwnContext()
        context.update(bytes)
    }

    package mutating func finish() -> Digest {
        takeOwnContext()
        return Self.finish(context)
    }

    /// The hash of these bytes.
    package static func hash(_ bytes: [UInt8]) -> Digest { hash(bytes.span) }

    /// The hash of these bytes.
    package static func hash(_ bytes: Span<UInt8>) -> Digest {
        let context = idle.withLock { $0.popLast() } ?? DigestContext(.sha256)
        context.update(bytes)
        let digest = finish(context)
        idle.withLock { if $0.count < idleMax { $0.append(context) } }
        return digest
    }

    private mutating func takeOwnContext() {
        if !isKnownUniquelyReferenced(&context) { context = context.copy() }
    }

    private static func finish(_ context: DigestContext) -> Digest {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        unsafe withUnsafeMutableBytes(of: &words) { buffer in
            if let start = buffer.baseAddress { unsafe context.finish(into: start.assumingMemoryBound(to: UInt8.self)) }
        }
        return Digest(
            raw: Bytes32(
                words: (
                    UInt64(bigEndian: words.0), UInt64(bigEndian: words.1), UInt64(bigEndian: words.2),
                    UInt64(bigEndian: words.3)
                )))
    }
}
