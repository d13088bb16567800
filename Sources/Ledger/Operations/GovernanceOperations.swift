package import Primitives
package import Wire

/// A future validator's own word that it holds its key and has caught up: `{v, key, sig, height, member, record}`. The
/// signature, of kind `validator-join`, is over the other fields less the key: `{v, height, member, record}`.
package struct ValidatorJoin: WireObject, Hashable {
    package let member: MemberID
    /// The member's signing key, which votes once it is in the set.
    package let key: PublicKey
    /// A height that became final lately.
    package let height: Height
    /// The digest of that height's record id.
    package let record: Digest
    package let signature: Signature

    package init(member: MemberID, key: PublicKey, height: Height, record: Digest, signature: Signature) {
        self.member = member
        self.key = key
        self.height = height
        self.record = record
        self.signature = signature
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(6)
        key = try reader.id("key")
        try reader.key("sig")
        signature = try reader.signature()
        height = try reader.count("height")
        member = try reader.id("member")
        record = try reader.id("record")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(6)
        writer.field("key", key)
        writer.field("sig", signature)
        writer.field("height", height)
        writer.field("member", member)
        writer.field("record", record)
    }

    /// What the future validator signs.
    package static func body(member: MemberID, height: Height, record: Digest) -> [UInt8] {
        var writer = CBORWriter()
        writer.begin(4)
        writer.field("height", height)
        writer.field("member", member)
        writer.field("record", record)
        return writer.bytes
    }

    func signatureCheck(chain: ChainID) -> SignatureCheck {
        let body = Self.body(member: member, height: height, record: record)
        return SignatureCheck(
            preimage: SigningKind.validatorJoin.preimage(chain: chain, body: body), key: key, signature: signature)
    }
}

/// `validator.propose`, by a validator: members join the set, leave it, and limits change, all together or not at all.
package struct ValidatorPropose: WireObject, Hashable {
    /// In ascending order of members.
    package let joins: [ValidatorJoin]
    /// In ascending order; nobody joins and leaves.
    package let leaves: [MemberID]
    package let limits: LimitChanges

    /// Sorts.
    package init(joins: [ValidatorJoin] = [], leaves: [MemberID] = [], limits: LimitChanges = .none) {
        self.joins = joins.sorted { $0.member < $1.member }
        self.leaves = leaves.sorted()
        self.limits = limits
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(4)
        joins = try reader.list("joins", max: CeilingOf.validators)
        leaves = try reader.idSet("leaves", max: CeilingOf.validators)
        limits = try reader.object("limits")
        reader.leave()
        let joining = joins.map(\.member)
        guard isStrictlyAscending(joining), Set(joining).isDisjoint(with: leaves) else {
            throw .badValue(field: "joins")
        }
        guard !joins.isEmpty || !leaves.isEmpty || !limits.isEmpty else { throw .badValue(field: "limits") }
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(4)
        writer.field("joins", list: joins)
        writer.field("leaves", ids: leaves)
        writer.field("limits", limits)
    }
}

/// `validator.vote`, by a validator: yes to a proposal. Silence is no.
package struct ValidatorVote: WireObject, Hashable {
    /// The transaction that proposed.
    package let proposal: TransactionID

    package init(proposal: TransactionID) { self.proposal = proposal }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(2)
        proposal = try reader.id("proposal")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(2)
        writer.field("proposal", proposal)
    }
}
