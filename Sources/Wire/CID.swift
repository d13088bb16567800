package import Primitives

/// A content identifier: CIDv1 over SHA-256, of dag-cbor or of raw bytes.
///
/// Binary form, 36 bytes: 0x01, codec (0x71 or 0x55), 0x12 0x20, 32 bytes of hash. Text form: `b` and base32.
/// Source: the CID and multicodec specifications of IPLD.
package struct CID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package enum Codec: UInt8, Sendable {
        case raw = 0x55
        case dagCBOR = 0x71
    }

    package static let byteCount = 36
    /// The longest binary CID that a foreign link may hold.
    static let binaryByteCountMax = 128

    package let codec: Codec
    package let digest: Digest

    package init(_ codec: Codec, _ digest: Digest) {
        self.codec = codec
        self.digest = digest
    }

    /// The CID of `content`.
    package init(of content: [UInt8], _ codec: Codec, with hash: inout some Hashing) {
        self.init(codec, hash.digest(content))
    }

    /// Nil unless these are the 36 bytes of a CID of the kinds above.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, bytes[0] == 0x01, bytes[2] == 0x12, bytes[3] == 0x20,
            let codec = Codec(rawValue: bytes[1]), let digest = Digest(bytes[4...])
        else { return nil }
        self.init(codec, digest)
    }

    /// Nil unless this is the text form of a CID of the kinds above.
    package init?(text: some StringProtocol) {
        guard text.utf8.count <= 2 * Self.binaryByteCountMax, text.utf8.first == 0x62,
            let bytes = Base32.decode(text.dropFirst())
        else { return nil }
        self.init(bytes: bytes)
    }

    package var bytes: [UInt8] { [0x01, codec.rawValue, 0x12, 0x20] + digest.bytes }
    package var description: String { "b" + Base32.encode(bytes) }

    package static func < (left: CID, right: CID) -> Bool {
        (left.codec.rawValue, left.digest) < (right.codec.rawValue, right.digest)
    }
}
