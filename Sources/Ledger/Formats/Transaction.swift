package import Primitives
package import Wire

/// Who a transaction is from: a member's id, or a per-call key. Which of the two, the operation says.
package struct AuthorID: Identifier {
    package let raw: Bytes32
    package init(raw: Bytes32) { self.raw = raw }
    package init(_ member: MemberID) { raw = member.raw }
    package init(_ key: PublicKey) { raw = key.raw }

    package var member: MemberID { MemberID(raw: raw) }
    package var callKey: PublicKey { PublicKey(raw: raw) }
}

/// The body of an envelope: `{v, op, from, after?, chain, nonce, until}`, signed as kind `transaction`.
package struct Transaction: WireObject, Hashable {
    package static let nonceByteCount = 16

    package let operation: Operation
    package let from: AuthorID
    /// A transaction that must have succeeded before this one, in an earlier block or earlier in the same one.
    package let after: TransactionID?
    package let chain: ChainID
    /// Random, so that two transactions that say the same have two ids.
    package let nonce: [UInt8]
    /// The last record time at which it may be included.
    package let until: Timestamp

    package init(
        _ operation: Operation, from: AuthorID, after: TransactionID? = nil, chain: ChainID, nonce: [UInt8],
        until: Timestamp
    ) {
        self.operation = operation
        self.from = from
        self.after = after
        self.chain = chain
        self.nonce = nonce
        self.until = until
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let count = try reader.begin(6, through: 7)
        operation = try reader.object("op")
        from = try reader.id("from")
        after = try reader.idIfPresent("after")
        chain = try reader.id("chain")
        try reader.key("nonce")
        nonce = try reader.byteString(count: Self.nonceByteCount)
        until = try reader.count("until")
        try reader.end(count, read: after == nil ? 6 : 7)
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(after == nil ? 6 : 7)
        writer.field("op", operation)
        writer.field("from", from)
        if let after { writer.field("after", after) }
        writer.field("chain", chain)
        writer.field("nonce", nonce)
        writer.field("until", until)
    }

    /// What a registrar signs to approve (kind `approval`): this transaction with an empty list of approvals, so
    /// that an approval holds for one sender, one nonce and one `until`. Nil for operations without approvals.
    package var approvalBody: [UInt8]? {
        let bare: Operation
        switch operation {
        case .memberAdmit(let admit): bare = .memberAdmit(MemberAdmit(registration: admit.registration))
        case .memberSuspend(let op): bare = .memberSuspend(MemberSuspend(member: op.member, lifts: op.lifts))
        case .memberRemove(let op): bare = .memberRemove(MemberRemove(member: op.member))
        default: return nil
        }
        return Transaction(bare, from: from, after: after, chain: chain, nonce: nonce, until: until).encoded
    }
}
