package import Primitives
package import Wire

/// Where a message for somebody waits: a mailbox of a home node. The mailbox id is random; whoever has it may post.
package struct MailboxAddress: WireObject, Hashable {
    package let node: MemberID
    package let mailbox: MailboxID

    package init(node: MemberID, mailbox: MailboxID) {
        self.node = node
        self.mailbox = mailbox
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        guard try reader.arrayHeader(max: 2) == 2 else { throw .badValue(field: "mailbox") }
        node = try reader.identifier()
        mailbox = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 2)
        writer.byteString(node)
        writer.byteString(mailbox)
    }
}
