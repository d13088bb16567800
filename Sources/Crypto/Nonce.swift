/// The 12-byte nonce of AES-GCM: four bytes, then a big-endian counter. Never used twice under one key.
package struct Nonce: Equatable, Sendable {
    package static let byteCount = 12
    private let prefix: UInt32
    private let counter: UInt64

    /// Four bytes that stay and a number that counts.
    package init(prefix: UInt32 = 0, counter: UInt64) {
        self.prefix = prefix
        self.counter = counter
    }

    /// Takes exactly 12 bytes; any other count gives nil.
    package init?(_ bytes: Span<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        var prefix: UInt32 = 0
        var counter: UInt64 = 0
        for index in 0..<4 { prefix = prefix << 8 | UInt32(bytes[index]) }
        for index in 4..<12 { counter = counter << 8 | UInt64(bytes[index]) }
        self.init(prefix: prefix, counter: counter)
    }

    /// Takes exactly 12 bytes; any other count gives nil.
    package init?(_ bytes: [UInt8]) { self.init(bytes.span) }

    /// A random nonce, for keys that seal so little that chance cannot repeat one.
    package static func random() -> Nonce {
        var random = SecureRandom()
        return Nonce(prefix: UInt32(truncatingIfNeeded: random.next()), counter: random.next())
    }

    /// The nonce with a sequence number mixed into its last eight bytes, as HPKE and SFrame do.
    package func mixing(_ sequence: UInt64) -> Nonce { Nonce(prefix: prefix, counter: counter ^ sequence) }

    package var bytes: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(Self.byteCount)
        for shift in stride(from: UInt32(24), through: 0, by: -8) {
            output.append(UInt8(truncatingIfNeeded: prefix >> shift))
        }
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            output.append(UInt8(truncatingIfNeeded: counter >> shift))
        }
        return output
    }

    /// Lends the twelve bytes to a call into C, without an allocation.
    @unsafe
    func withPointer<R>(_ body: (UnsafePointer<UInt8>) -> R) -> R {
        var words = (prefix.bigEndian, UInt32(counter >> 32).bigEndian, UInt32(truncatingIfNeeded: counter).bigEndian)
        return unsafe withUnsafeBytes(of: &words) { buffer in
            guard let start = buffer.baseAddress else { preconditionFailure("a value without an address") }
            return unsafe body(start.assumingMemoryBound(to: UInt8.self))
        }
    }
}
