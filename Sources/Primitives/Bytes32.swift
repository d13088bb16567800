/// Thirty-two bytes: the width of every hash, id and public key in Sotto.
///
/// Held as four big-endian words, so that comparing, ordering and hashing cost four operations and no allocation.
/// The order is the lexicographic order of the bytes.
package struct Bytes32: Hashable, Comparable, Sendable {
    package static let byteCount = 32
    package static let zero = Bytes32(words: (0, 0, 0, 0))

    private let word0: UInt64
    private let word1: UInt64
    private let word2: UInt64
    private let word3: UInt64

    package init(words: (UInt64, UInt64, UInt64, UInt64)) {
        (word0, word1, word2, word3) = words
    }

    /// Takes exactly 32 bytes; any other count gives nil.
    package init?(_ bytes: Span<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        // The count was checked, and the loads need no alignment.
        let words = unsafe bytes.withUnsafeBytes { buffer in
            func word(_ start: Int) -> UInt64 {
                UInt64(bigEndian: unsafe buffer.loadUnaligned(fromByteOffset: start, as: UInt64.self))
            }
            return (word(0), word(8), word(16), word(24))
        }
        self.init(words: words)
    }

    /// Takes exactly 32 bytes; any other count gives nil.
    package init?(_ bytes: some Collection<UInt8>) {
        let copy = [UInt8](bytes)
        self.init(copy.span)
    }

    /// Takes 64 hexadecimal digits, either case; anything else gives nil.
    package init?(hex: some StringProtocol) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes.span)
    }

    package var words: (UInt64, UInt64, UInt64, UInt64) { (word0, word1, word2, word3) }

    package var bytes: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(Self.byteCount)
        append(to: &output)
        return output
    }

    package func append(to output: inout [UInt8]) {
        let words = (word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian)
        unsafe withUnsafeBytes(of: words) { unsafe output.append(contentsOf: $0) }
    }

    /// Writes the 32 bytes from `offset` on, which the caller has made sure are there.
    func store(in buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
        unsafe buffer.storeBytes(of: word0.bigEndian, toByteOffset: offset, as: UInt64.self)
        unsafe buffer.storeBytes(of: word1.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
        unsafe buffer.storeBytes(of: word2.bigEndian, toByteOffset: offset + 16, as: UInt64.self)
        unsafe buffer.storeBytes(of: word3.bigEndian, toByteOffset: offset + 24, as: UInt64.self)
    }

    package var hex: String { Hex.encode(bytes) }

    /// Bit `index` counted from the most significant bit of the first byte, as trees over hashed keys walk them.
    package func bit(_ index: Int) -> Bool {
        let word = index < 64 ? word0 : index < 128 ? word1 : index < 192 ? word2 : word3
        return word >> (63 - UInt64(index & 63)) & 1 == 1
    }

    /// Bitwise exclusive or: the Kademlia distance.
    package static func ^ (left: Bytes32, right: Bytes32) -> Bytes32 {
        Bytes32(
            words: (
                left.word0 ^ right.word0, left.word1 ^ right.word1, left.word2 ^ right.word2, left.word3 ^ right.word3
            ))
    }

    package static func < (left: Bytes32, right: Bytes32) -> Bool {
        if left.word0 != right.word0 { return left.word0 < right.word0 }
        if left.word1 != right.word1 { return left.word1 < right.word1 }
        if left.word2 != right.word2 { return left.word2 < right.word2 }
        return left.word3 < right.word3
    }

    /// Leading zero bits, 0 through 256.
    package var leadingZeroBitCount: Int {
        if word0 != 0 { return word0.leadingZeroBitCount }
        if word1 != 0 { return 64 + word1.leadingZeroBitCount }
        if word2 != 0 { return 128 + word2.leadingZeroBitCount }
        return 192 + word3.leadingZeroBitCount
    }
}
