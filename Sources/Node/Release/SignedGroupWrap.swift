package import Primitives
package import Wire

/// A wrapped lease-group key as its sender's per-call key signed it (kind `group-wrap`). Its encoding is the leaf of
/// the tree whose root the sender's seal fixes. Not yet checked.
package struct SignedGroupWrap: Verifiable, Hashable, Sendable {
    package let object: SignedObject
    package let wrap: GroupKeyWrap

    /// - Throws: `WireError` for anything but a wrap under the key that it names as its sender.
    package init(_ object: SignedObject) throws(WireError) {
        wrap = try GroupKeyWrap(decoding: object.body)
        guard wrap.subject.sender == object.key else { throw .badValue(field: "sender") }
        self.object = object
    }

    /// Reads a leaf.
    package init(leaf: [UInt8]) throws(WireError) {
        var reader = CBORReader(leaf)
        let object = try SignedObject(from: &reader, bodyMax: WrapShareRequest.ProvenWrap.wrapByteCountMax)
        try reader.finish()
        try self.init(object)
    }

    /// The exact bytes that are hashed into the tree.
    package var leaf: [UInt8] { object.encoded }

    package func signatureChecks(in chain: ChainID) -> [SignatureCheck]? {
        [object.signatureCheck(kind: .wrap, chain: chain)]
    }
}
