package import Primitives
package import Wire

/// A registrar's or attester's signature beside the one of the envelope: `[key, signature]`.
package struct CoSignature: WireObject, Hashable {
    package let key: PublicKey
    package let signature: Signature

    package init(key: PublicKey, signature: Signature) {
        self.key = key
        self.signature = signature
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let start = reader.offset
        guard try reader.arrayHeader(max: 2) == 2 else { throw .unexpectedType(at: start) }
        key = try reader.identifier()
        signature = try reader.signature()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 2)
        writer.byteString(key)
        writer.byteString(signature)
    }

    /// Reads a list with each key once, in ascending order.
    static func list(_ name: String, max limit: Int, from reader: inout CBORReader) throws(WireError) -> [CoSignature] {
        let list: [CoSignature] = try reader.list(name, max: limit)
        guard isStrictlyAscending(list.map(\.key)) else { throw .badValue(field: name) }
        return list
    }
}

/// `member.admit`, by registrars: a registration becomes a member.
package struct MemberAdmit: WireObject, Hashable {
    package let registration: SignedRegistration
    /// Registrars that agree, besides the one who sends it. See `Transaction.approvalBody`.
    package let approvals: [CoSignature]

    package init(registration: SignedRegistration, approvals: [CoSignature] = []) {
        self.registration = registration
        self.approvals = approvals
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        registration = try reader.object("member")
        approvals = try CoSignature.list("approvals", max: CeilingOf.registrars, from: &reader)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("member", registration)
        writer.field("approvals", list: approvals)
    }
}

/// `member.rotate`, by the member: other keys take the place of its keys.
package struct MemberRotate: WireObject, Hashable {
    package let keys: MemberKeys
    /// By the new signing key over `Rotation`: proof of possession.
    package let proof: Signature

    package init(keys: MemberKeys, proof: Signature) {
        self.keys = keys
        self.proof = proof
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        keys = try reader.object("keys")
        try reader.key("proof")
        proof = try reader.signature()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("keys", keys)
        writer.field("proof", proof)
    }

    /// What the new signing key signs (kind `keyRotation`): the member, the keys, and the transaction's nonce.
    package static func proofBody(member: MemberID, keys: MemberKeys, nonce: [UInt8]) -> [UInt8] {
        var writer = CBORWriter()
        writer.begin(4)
        writer.field("keys", keys)
        writer.field("nonce", nonce)
        writer.field("member", member)
        return writer.bytes
    }
}

/// `member.suspend`, by registrars: the member may not act until the suspension is lifted.
package struct MemberSuspend: WireObject, Hashable {
    package let member: MemberID
    /// True ends a suspension.
    package let lifts: Bool
    package let approvals: [CoSignature]

    package init(member: MemberID, lifts: Bool = false, approvals: [CoSignature] = []) {
        self.member = member
        self.lifts = lifts
        self.approvals = approvals
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(4)
        lifts = try reader.flag("lifts")
        member = try reader.id("member")
        approvals = try CoSignature.list("approvals", max: CeilingOf.registrars, from: &reader)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(4)
        writer.field("lifts", lifts)
        writer.field("member", member)
        writer.field("approvals", list: approvals)
    }
}

/// `member.remove`, by registrars, or by the member for itself: for good; the id is never admitted again.
package struct MemberRemove: WireObject, Hashable {
    package let member: MemberID
    package let approvals: [CoSignature]

    package init(member: MemberID, approvals: [CoSignature] = []) {
        self.member = member
        self.approvals = approvals
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        member = try reader.id("member")
        approvals = try CoSignature.list("approvals", max: CeilingOf.registrars, from: &reader)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("member", member)
        writer.field("approvals", list: approvals)
    }
}
