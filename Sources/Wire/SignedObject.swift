package import Primitives

/// `{key, sig, body}`: the exact bytes that were signed, by whom, and the signature. Not yet checked.
package struct SignedObject: WireObject, Hashable {
    /// The longest body any signed object may have; each kind has its own, lower limit.
    package static let bodyByteCountMax = 1 << 20

    package let key: PublicKey
    package let signature: Signature
    package let body: [UInt8]

    package init(key: PublicKey, signature: Signature, body: [UInt8]) {
        self.key = key
        self.signature = signature
        self.body = body
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try self.init(from: &reader, bodyMax: Self.bodyByteCountMax)
    }

    /// Reads a signed object whose body has at most `bodyMax` bytes.
    package init(from reader: inout CBORReader, bodyMax: Int) throws(WireError) {
        try reader.mapHeader(count: 3)
        try reader.key("key")
        key = try reader.identifier()
        try reader.key("sig")
        signature = try reader.signature()
        try reader.key("body")
        body = try reader.byteString(max: bodyMax)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 3)
        writer.key("key")
        writer.byteString(key)
        writer.key("sig")
        writer.byteString(signature)
        writer.key("body")
        writer.byteString(body)
    }

    /// What a checker must hold against the signature.
    package func signatureCheck(kind: SigningKind, chain: ChainID) -> SignatureCheck {
        SignatureCheck(preimage: kind.preimage(chain: chain, body: body), key: key, signature: signature)
    }
}
