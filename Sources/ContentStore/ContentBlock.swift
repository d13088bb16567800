package import Primitives
package import Wire

/// A content block on its way into a store.
package struct ContentBlock: Hashable, Sendable {
    /// The longest content, in bytes.
    package static let byteCountMax = 256 << 10

    package let cid: CID
    package let tag: BlockTag
    /// The member whose share of the store it uses up: the node that sent it, which answers for its own members.
    package let payer: MemberID
    package let content: [UInt8]

    package init(cid: CID, tag: BlockTag, payer: MemberID, content: [UInt8]) {
        self.cid = cid
        self.tag = tag
        self.payer = payer
        self.content = content
    }
}

/// A content block as a store lists it: everything but its bytes.
package struct KeptBlock: Hashable, Sendable {
    package let cid: CID
    package let tag: BlockTag
    package let payer: MemberID
    /// Bytes of content.
    package let size: Int

    package init(cid: CID, tag: BlockTag, payer: MemberID, size: Int) {
        self.cid = cid
        self.tag = tag
        self.payer = payer
        self.size = size
    }
}
