package import Primitives
package import Wire

/// The first message on a link, both ways, inside TLS: which network, which member, which protocol versions.
///
/// `{v: 1, role, chain, member, instance, versions}`. It carries no signature: TLS has proven the key, and the ledger
/// says whose key it is.
package struct LinkHello: WireObject, Equatable {
    /// What kind of node this is.
    package enum Role: UInt64, CaseIterable, Sendable {
        case validator = 0
        case node = 1
    }

    package static let version: UInt64 = 1
    package static let versionCountMax = 16
    package static let instanceByteCount = 8

    package let role: Role
    package let chain: ChainID
    package let member: MemberID
    /// Drawn anew at each start of the program: tells a restarted node from one with a second connection.
    package let instance: [UInt8]
    /// Protocol versions this node speaks, ascending.
    package let versions: [UInt64]

    package init(role: Role, chain: ChainID, member: MemberID, instance: [UInt8], versions: [UInt64]) {
        self.role = role
        self.chain = chain
        self.member = member
        self.instance = instance
        self.versions = versions
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 6)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("role")
        guard let role = Role(rawValue: try reader.unsigned()) else { throw .badValue(field: "role") }
        try reader.key("chain")
        let chain = try reader.identifier(ChainID.self)
        try reader.key("member")
        let member = try reader.identifier(MemberID.self)
        try reader.key("instance")
        let instance = try reader.byteString(count: Self.instanceByteCount)
        try reader.key("versions")
        let versions = try reader.array(max: Self.versionCountMax) { reader throws(WireError) in try reader.unsigned() }
        guard zip(versions, versions.dropFirst()).allSatisfy({ $0 < $1 }) else { throw .badValue(field: "versions") }
        reader.leave()
        self.init(role: role, chain: chain, member: member, instance: instance, versions: versions)
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 6)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("role")
        writer.unsigned(role.rawValue)
        writer.key("chain")
        writer.byteString(chain)
        writer.key("member")
        writer.byteString(member)
        writer.key("instance")
        writer.byteString(instance)
        writer.key("versions")
        writer.array(versions) { writer, version in writer.unsigned(version) }
    }

    /// The highest version both speak.
    package func commonVersion(with other: LinkHello) -> UInt64? { versions.last(where: other.versions.contains) }
}
