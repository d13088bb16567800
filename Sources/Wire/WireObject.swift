package import Primitives

/// A value with exactly one dag-cbor encoding.
package protocol WireObject: Sendable {
    /// Reads the object where the reader stands.
    init(from reader: inout CBORReader) throws(WireError)
    /// Writes the object's one encoding.
    func encode(into writer: inout CBORWriter)
}

extension WireObject {
    package var encoded: [UInt8] {
        var writer = CBORWriter()
        encode(into: &writer)
        return writer.bytes
    }

    /// Decodes exactly `bytes`: nothing may follow.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = CBORReader(bytes)
        try self.init(from: &reader)
        try reader.finish()
    }

    /// The dag-cbor CID of the encoding.
    package func cid(with hash: inout some Hashing) -> CID { CID(of: encoded, .dagCBOR, with: &hash) }
}
