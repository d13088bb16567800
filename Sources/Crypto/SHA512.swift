/// SHA-512 (FIPS 180-4). A value: a copy runs on by itself.
package struct SHA512: Sendable {
    package static let byteCount = 64
    private var context: DigestContext

    package init() { context = DigestContext(.sha512) }

    package mutating func update(_ bytes: Span<UInt8>) {
        takeOwnContext()
        context.update(bytes)
    }

    package mutating func update(_ bytes: [UInt8]) { update(bytes.span) }

    /// The 64-byte hash of all updates since the last `finish`; starts afresh.
    package mutating func finish() -> [UInt8] {
        takeOwnContext()
        return unsafe [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, filled in
            if let start = buffer.baseAddress { unsafe context.finish(into: start) }
            filled = Self.byteCount
        }
    }

    /// The 64-byte hash of these bytes.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var hash = SHA512()
        hash.update(bytes.span)
        return hash.finish()
    }

    private mutating func takeOwnContext() {
        if !isKnownUniquelyReferenced(&context) { context = context.copy() }
    }
}
