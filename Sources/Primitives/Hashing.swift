/// SHA-256, lent to a core. A core takes `inout some Hashing` as an argument and never stores it.
package protocol Hashing {
    mutating func update(_ bytes: Span<UInt8>)
    /// The hash of all updates since the last `finish`; starts afresh.
    mutating func finish() -> Digest
}

extension Hashing {
    package mutating func update(_ bytes: [UInt8]) { update(bytes.span) }

    package mutating func digest(_ bytes: [UInt8]) -> Digest {
        update(bytes.span)
        return finish()
    }

    /// Hash of one prefix byte and two digests: the inner node of every tree here.
    package mutating func digest(prefix: UInt8, _ left: Digest, _ right: Digest) -> Digest {
        // On the stack, since trees hash millions of these.
        unsafe withUnsafeTemporaryAllocation(byteCount: 65, alignment: 1) { buffer in
            unsafe buffer.storeBytes(of: prefix, as: UInt8.self)
            unsafe left.raw.store(in: buffer, at: 1)
            unsafe right.raw.store(in: buffer, at: 33)
            unsafe update(UnsafeRawBufferPointer(buffer).assumingMemoryBound(to: UInt8.self).span)
        }
        return finish()
    }
}
