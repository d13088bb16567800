package import Ledger
package import Primitives
package import Signalling
package import Wire

/// What a phone needs of its member's home node: mailboxes, prekeys, and the keys that the ledger names.
package protocol CallHome: Sendable {
    var chain: ChainID { get }
    /// The home node itself: half of the address of every mailbox here.
    var node: MemberID { get }

    /// The keys of an active member, as the ledger has them; nil when there is no such member.
    func keys(of member: MemberID) async throws(HomeRefusal) -> MemberKeys?
    func openMailbox(_ mailbox: MailboxID, until expiry: Timestamp) async throws(HomeRefusal)
    func closeMailbox(_ mailbox: MailboxID) async
    func publish(
        _ bundle: SignedObject, oneTimeKeys: [SignedObject], beside mailbox: MailboxID
    ) async throws(HomeRefusal)
    func takePrekeys(beside address: MailboxAddress) async throws(HomeRefusal) -> PrekeyPair
    func post(_ content: [UInt8], to address: MailboxAddress) async throws(HomeRefusal)
    /// The messages of an own mailbox, in order, from now on and what waits already. Ends when its reader stops.
    func messages(of mailbox: MailboxID) async throws(HomeRefusal) -> AsyncStream<[UInt8]>
}

/// Whom to call and where: what a phone record says, or a person who was told.
package struct Callee: Hashable, Sendable {
    package let member: MemberID
    package let address: MailboxAddress
    /// The CID of the signed prekey bundle. Nil lets the home node choose among bundles that the member signed.
    package let bundle: CID?

    package init(member: MemberID, address: MailboxAddress, bundle: CID?) {
        self.member = member
        self.address = address
        self.bundle = bundle
    }

    /// Reads `node:mailbox:member` or `node:mailbox:member:cid`, ids in hexadecimal.
    package init?(direct text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3 || parts.count == 4, let node = MemberID(hex: parts[0]),
            let mailbox = MailboxID(hex: parts[1]), let member = MemberID(hex: parts[2])
        else { return nil }
        let bundle = parts.count == 4 ? CID(text: parts[3]) : nil
        guard parts.count == 3 || bundle != nil else { return nil }
        self.init(member: member, address: MailboxAddress(node: node, mailbox: mailbox), bundle: bundle)
    }

    package var text: String {
        "\(address.node.hex):\(address.mailbox.hex):\(member.hex)" + (bundle.map { ":\($0)" } ?? "")
    }
}
