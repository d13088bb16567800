package import Primitives
package import Wire

/// A block by view and hash. The genesis block has view 0 and the chain id as its hash.
package struct BlockReference: Hashable, Sendable {
    package let view: View
    package let hash: Digest

    package init(view: View, hash: Digest) {
        self.view = view
        self.hash = hash
    }

    /// The block that every chain starts from; nobody proposes it and nobody votes on it.
    package static func genesis(of chain: ChainID) -> BlockReference {
        BlockReference(view: .zero, hash: Digest(raw: chain.raw))
    }
}

/// What the built-in engine adds to a ledger record in order to agree on it. The SHA-256 of its dag-cbor is the block's
/// hash, which votes sign.
package struct EngineHeader: Hashable, Sendable {
    package static let version: UInt64 = 1

    package let epoch: ValidatorEpoch
    package let view: View
    package let parent: BlockReference
    package let justification: Justification
    package let proposer: MemberID
    /// The ledger record that this block carries.
    package let record: CID
    /// SHA-256 of the body's bytes, so that nobody can hang another body on a signed header.
    package let body: Digest

    package init(
        epoch: ValidatorEpoch, view: View, parent: BlockReference, justification: Justification, proposer: MemberID,
        record: CID, body: Digest
    ) {
        self.epoch = epoch
        self.view = view
        self.parent = parent
        self.justification = justification
        self.proposer = proposer
        self.record = record
        self.body = body
    }

    /// Whether parent and justification fit each other and this view. Signatures are another question.
    package func isSound(in chain: ChainID) -> Bool {
        guard view > parent.view else { return false }
        return justification.isSound(from: parent, to: view, of: epoch, in: chain)
    }
}

extension EngineHeader: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 8)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("body")
        body = try reader.identifier()
        try reader.key("just")
        justification = try Justification(from: &reader)
        try reader.key("view")
        view = try reader.counter()
        try reader.key("epoch")
        epoch = try reader.counter()
        try reader.key("parent")
        try reader.mapHeader(count: 2)
        try reader.key("hash")
        let parentHash = try reader.identifier(Digest.self)
        try reader.key("view")
        parent = BlockReference(view: try reader.counter(), hash: parentHash)
        reader.leave()
        try reader.key("record")
        record = try reader.link()
        try reader.key("proposer")
        proposer = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 8)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("body")
        writer.byteString(body)
        writer.key("just")
        justification.encode(into: &writer)
        writer.key("view")
        writer.unsigned(view)
        writer.key("epoch")
        writer.unsigned(epoch)
        writer.key("parent")
        writer.mapHeader(count: 2)
        writer.key("hash")
        writer.byteString(parent.hash)
        writer.key("view")
        writer.unsigned(parent.view)
        writer.key("record")
        writer.link(record)
        writer.key("proposer")
        writer.byteString(proposer)
    }
}
