package import Primitives
package import Wire

/// A member as the state knows it. `{v, keys, roles, state, since}` in canonical order.
package struct MemberEntry: WireObject, Hashable {
    package enum Standing: UInt64, Sendable {
        case active = 0
        case suspended = 1
        /// For good; the entry stays, so that the id is never admitted again.
        case removed = 2
    }

    package var keys: MemberKeys
    package let roles: Roles
    /// The height of admission.
    package let since: Height
    package var standing: Standing

    package init(keys: MemberKeys, roles: Roles, since: Height, standing: Standing = .active) {
        self.keys = keys
        self.roles = roles
        self.since = since
        self.standing = standing
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(5)
        keys = try reader.object("keys")
        roles = try Roles(reading: try reader.number("roles"), field: "roles")
        since = try reader.count("since")
        guard let standing = Standing(rawValue: try reader.number("state")) else { throw .badValue(field: "state") }
        self.standing = standing
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(5)
        writer.field("keys", keys)
        writer.field("roles", UInt64(roles.rawValue))
        writer.field("since", since)
        writer.field("state", standing.rawValue)
    }
}

/// Whose key it is, or was: `{v, member}`. Never removed, so that a key never serves two members.
package struct OwnerEntry: WireObject, Hashable {
    package let member: MemberID

    package init(member: MemberID) { self.member = member }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(2)
        member = try reader.id("member")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(2)
        writer.field("member", member)
    }
}

/// How many registrars are active: `{v, count}`.
package struct RegistrarsEntry: WireObject, Hashable {
    package let count: UInt64

    package init(count: UInt64) { self.count = count }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(2)
        count = try reader.number("count")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(2)
        writer.field("count", count)
    }
}

/// An attested number: `{v, expiry, released}`.
package struct NumberEntry: WireObject, Hashable {
    package let expiry: Timestamp
    /// A released entry stays, so that an old attestation cannot be brought back.
    package let isReleased: Bool

    package init(expiry: Timestamp, isReleased: Bool) {
        self.expiry = expiry
        self.isReleased = isReleased
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        expiry = try reader.count("expiry")
        isReleased = try reader.flag("released")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("expiry", expiry)
        writer.field("released", isReleased)
    }

    package func holds(at now: Timestamp) -> Bool { !isReleased && now < expiry }
}
